//! A provider that its user describes: where to log in, what to send, and where the token is in the response.

use http::Method;
use http::header::AUTHORIZATION;
use url::Url;

use super::{Engine, RefreshBearer, RefreshRoute};
use crate::encode::FieldValue;
use crate::error::{Error, Result};
use crate::flow::identity::Identity;
use crate::flow::life::Unit;
use crate::flow::response_layout::{Place, ResponseLayout};
use crate::flow::success::Success;
use crate::flow::{Flow, IntoFlow, check};
use crate::options::Options;
use crate::scrub::Scrubber;
use crate::secret::Secret;

pub(in crate::flow) const NAME: &str = "json_login";
pub(in crate::flow) const OPTIONS: &[&str] = &[
    "token_url",
    "method",
    "body",
    "extra_headers",
    "token_field",
    "expires_field",
    "expires_unit",
    "refresh_token_field",
    "refresh_url",
    "refresh_field",
    "refresh_bearer",
    "success",
];

/// A login with a JSON body, described field by field.
#[derive(Clone, Default)]
pub struct JsonLogin {
    token_url: String,
    method: Option<String>,
    body: Vec<(String, Secret)>,
    extra_headers: Vec<(String, Secret)>,
    token_field: Option<String>,
    expires_field: Option<String>,
    expires_unit: Option<String>,
    refresh_token_field: Option<String>,
    refresh_url: Option<String>,
    refresh_field: Option<String>,
    refresh_bearer: Option<String>,
    success: Option<String>,
}

opaque_debug!(JsonLogin);

impl JsonLogin {
    /// The URL that the login is sent to.
    pub fn new(token_url: impl Into<String>) -> Self {
        Self {
            token_url: token_url.into(),
            ..Self::default()
        }
    }

    /// `POST` (default), `PUT`, `PATCH`, or `GET` for credentials that are headers only.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Adds a field to the body: a user name, a password, a client id. Dots lead into objects: `user.email` is sent as
    /// `{"user":{"email":…}}`.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.push((name.into(), Secret::new(value)));
        self
    }

    /// Adds a request header to the login and the refresh; its value is treated as a secret.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_headers.push((name.into(), Secret::new(value)));
        self
    }

    /// Where the token stands: keys and array indices separated by dots (`data.access.token`), or
    /// `header:X-Auth-Token`, or `.` where the whole body is the token, as a JSON string or as it is. Default `token`.
    #[must_use]
    pub fn token_field(mut self, place: impl Into<String>) -> Self {
        self.token_field = Some(place.into());
        self
    }

    /// Where the expiry is, in the same notation. Default `expires_in`.
    #[must_use]
    pub fn expires_field(mut self, place: impl Into<String>) -> Self {
        self.expires_field = Some(place.into());
        self
    }

    /// The unit of the expiry: `s` (default) or `ms` for a lifetime; `unix`, `unix_ms` or `iso8601` for an instant.
    #[must_use]
    pub fn expires_unit(mut self, unit: impl Into<String>) -> Self {
        self.expires_unit = Some(unit.into());
        self
    }

    /// Where the refresh token is. Default `refresh_token`.
    #[must_use]
    pub fn refresh_token_field(mut self, place: impl Into<String>) -> Self {
        self.refresh_token_field = Some(place.into());
        self
    }

    /// The URL of the refresh request. Without one, each renewal is a login.
    #[must_use]
    pub fn refresh_url(mut self, url: impl Into<String>) -> Self {
        self.refresh_url = Some(url.into());
        self
    }

    /// The body field of the refresh request that carries the refresh token. Default `refresh_token`, or no body if the refresh
    /// token is the Bearer.
    #[must_use]
    pub fn refresh_field(mut self, name: impl Into<String>) -> Self {
        self.refresh_field = Some(name.into());
        self
    }

    /// The Bearer of the refresh request: `refresh_token`, `access_token`. Default: none.
    #[must_use]
    pub fn refresh_bearer(mut self, which: impl Into<String>) -> Self {
        self.refresh_bearer = Some(which.into());
        self
    }

    /// A condition on a response with a 2xx status, for servers that refuse with 200: `field` (neither false, 0, empty nor
    /// absent) or `field=value`. Where it does not hold, the credentials are rejected.
    #[must_use]
    pub fn success(mut self, condition: impl Into<String>) -> Self {
        self.success = Some(condition.into());
        self
    }

    fn layout(&self) -> Result<ResponseLayout> {
        let mut layout = layout_of(
            ResponseLayout::default().with_token("token"),
            [
                self.token_field.as_deref(),
                self.expires_field.as_deref(),
                self.expires_unit.as_deref(),
                self.refresh_token_field.as_deref(),
            ],
        )?;
        layout.success = self
            .success
            .as_deref()
            .map(|text| Success::parse("success", text))
            .transpose()?;
        Ok(layout)
    }

    fn refresh_route(&self) -> Result<Option<RefreshRoute>> {
        let Some(text) = &self.refresh_url else {
            if self.refresh_field.is_some() || self.refresh_bearer.is_some() {
                return Err(Error::config(
                    "refresh_url",
                    "is required with refresh_field and refresh_bearer",
                ));
            }
            return Ok(None);
        };
        let url = check::url("refresh_url", text)?;
        check::optional("refresh_field", self.refresh_field.as_deref())?;
        let bearer = match self.refresh_bearer.as_deref() {
            None => None,
            Some("refresh_token") => Some(RefreshBearer::RefreshToken),
            Some("access_token") => Some(RefreshBearer::AccessToken),
            Some(_) => {
                return Err(Error::config(
                    "refresh_bearer",
                    "must be refresh_token or access_token",
                ));
            }
        };
        let field = match (&self.refresh_field, bearer) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(RefreshBearer::RefreshToken)) => None,
            (None, _) => Some("refresh_token".to_owned()),
        };
        Ok(Some(RefreshRoute { url, field, bearer }))
    }

    fn method_checked(&self) -> Result<Method> {
        let method = match self
            .method
            .as_deref()
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            None | Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some("PATCH") => Method::PATCH,
            Some("GET") if self.body.is_empty() => Method::GET,
            Some("GET") => return Err(Error::config("method", "must not be GET with body fields")),
            Some(_) => return Err(Error::config("method", "must be POST, PUT, PATCH or GET")),
        };
        Ok(method)
    }
}

/// `reading` with what the options `token_field`, `expires_field`, `expires_unit` and `refresh_token_field` say.
pub(in crate::flow) fn layout_of(
    mut layout: ResponseLayout,
    [token, expires, unit, refresh_token]: [Option<&str>; 4],
) -> Result<ResponseLayout> {
    if let Some(text) = token {
        layout.token = Place::parse("token_field", text)?;
    }
    if let Some(text) = expires {
        layout.expires = Place::parse("expires_field", text)?;
    }
    if let Some(text) = unit {
        layout.unit = Unit::parse("expires_unit", text)?;
    }
    if let Some(text) = refresh_token {
        layout.refresh_token = Place::parse("refresh_token_field", text)?;
    }
    Ok(layout)
}

impl IntoFlow for JsonLogin {
    fn into_flow(self, _base_url: Option<&Url>) -> Result<Flow> {
        let url = check::url("token_url", &self.token_url)?;
        let method = self.method_checked()?;
        check::fields("body", &self.body, &[])?;
        check::paths("body", &self.body)?;
        let headers = check::headers("extra_headers", &self.extra_headers)?;
        if self.body.is_empty() && headers.is_empty() {
            return Err(Error::config(
                "body",
                "is required, or extra_headers that log in",
            ));
        }
        let refresh = self.refresh_route()?;
        if refresh.as_ref().is_some_and(|route| route.bearer.is_some())
            && headers.contains_key(AUTHORIZATION)
        {
            return Err(Error::config(
                "extra_headers",
                "must not set authorization, refresh_bearer is sent there",
            ));
        }
        let layout = self.layout()?;
        let (body, own_headers) = (self.body, self.extra_headers);
        let identity = Identity::new(NAME)
            .with("token_url", url.as_str())
            .with("method", method.as_str())
            .with_table(
                "field",
                body.iter()
                    .map(|(name, value)| (name.as_str(), value.expose())),
            )
            .with_table(
                "header",
                own_headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.expose())),
            )
            .with("reading", &layout.text())
            .with_some(
                "refresh_url",
                refresh.as_ref().map(|route| route.url.as_str()),
            )
            .with_some("refresh_field", self.refresh_field.as_deref())
            .with_some("refresh_bearer", self.refresh_bearer.as_deref())
            .parts();
        let scrubber = Scrubber::new(body.iter().chain(&own_headers).map(|(_, value)| value));
        // The host alone: a path or query may hold a key.
        let label = format!("{NAME} at {}", url.host_str().unwrap_or_default());
        let fields = body
            .into_iter()
            .map(|(name, value)| (name, FieldValue::Text(value)))
            .collect();
        let engine = Engine {
            url,
            method,
            headers,
            fields,
            refresh,
        };
        Ok(Flow::of_json(
            NAME, label, engine, identity, layout, scrubber,
        ))
    }
}

pub(in crate::flow) fn from_options(options: &mut Options, base_url: Option<&Url>) -> Result<Flow> {
    let login = JsonLogin {
        token_url: options.need_text("token_url")?,
        method: options.take_text("method")?,
        body: options.take_map("body")?.unwrap_or_default(),
        extra_headers: options.take_map("extra_headers")?.unwrap_or_default(),
        token_field: options.take_text("token_field")?,
        expires_field: options.take_text("expires_field")?,
        expires_unit: options.take_text("expires_unit")?,
        refresh_token_field: options.take_text("refresh_token_field")?,
        refresh_url: options.take_text("refresh_url")?,
        refresh_field: options.take_text("refresh_field")?,
        refresh_bearer: options.take_text("refresh_bearer")?,
        success: options.take_text("success")?,
    };
    login.into_flow(base_url)
}
