//! The JSON login engine: sends the credentials as a JSON object and finds the token in the response. Pismo and `PassKit` are
//! presets of it; [`JsonLogin`] describes another provider.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::TokenRequest;
use crate::encode::{self, FieldValue, Fields};
use crate::secret::Secret;

mod described;

pub use described::JsonLogin;
pub(super) use described::{NAME, OPTIONS, from_options, layout_of};

/// Which token a refresh request sends as its Bearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshBearer {
    RefreshToken,
    AccessToken,
}

/// How to renew with a refresh token.
#[derive(Clone)]
pub(super) struct RefreshRoute {
    pub(super) url: Url,
    /// The body field that carries the refresh token; `None`: no body.
    pub(super) field: Option<String>,
    pub(super) bearer: Option<RefreshBearer>,
}

/// A login endpoint and what is sent to it.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) fields: Fields,
    pub(super) refresh: Option<RefreshRoute>,
}

impl Engine {
    pub(super) fn post(url: Url, fields: Fields) -> Self {
        Self {
            url,
            method: Method::POST,
            headers: HeaderMap::new(),
            fields,
            refresh: None,
        }
    }

    pub(super) fn login(&self) -> Option<TokenRequest> {
        self.send(self.method.clone(), &self.url, &self.fields, None)
    }

    pub(super) fn refresh(
        &self,
        refresh_token: &Secret,
        access_token: &Secret,
    ) -> Option<TokenRequest> {
        let route = self.refresh.as_ref()?;
        let fields: Fields = route
            .field
            .iter()
            .map(|name| (name.clone(), FieldValue::Text(refresh_token.clone())))
            .collect();
        let bearer = match route.bearer {
            None => None,
            Some(RefreshBearer::RefreshToken) => {
                Some(encode::credentials("Bearer", refresh_token.expose())?)
            }
            Some(RefreshBearer::AccessToken) => {
                Some(encode::credentials("Bearer", access_token.expose())?)
            }
        };
        let method = if self.method == Method::GET {
            Method::POST
        } else {
            self.method.clone()
        };
        self.send(method, &route.url, &fields, bearer)
    }

    fn send(
        &self,
        method: Method,
        url: &Url,
        fields: &Fields,
        authorization: Option<HeaderValue>,
    ) -> Option<TokenRequest> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let body = if fields.is_empty() {
            zeroize::Zeroizing::default()
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            encode::json(fields)?
        };
        headers.extend(self.headers.clone());
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value);
        }
        Some(TokenRequest {
            method,
            url: url.clone(),
            headers,
            body,
        })
    }
}

#[cfg(test)]
mod tests;
