//! Where a token seems to be in a success that has none in the described place, for the error message.

use http::HeaderMap;
use serde_json::Value;
use zeroize::Zeroizing;

use super::TokenResponse;
use super::response_layout::{behind_scheme, is_header_safe};
use crate::document::{Document, as_text};

/// Names that servers give to a token, without case and separators, the likelier ones first.
const NAMES: &[&str] = &[
    "accesstoken",
    "token",
    "jwt",
    "authtoken",
    "authenticationtoken",
    "bearertoken",
    "sessiontoken",
    "access",
    "idtoken",
    // dj-rest-auth.
    "key",
];
/// Response headers with a token: devise-jwt and Spring, better-auth, Keystone, devise-token-auth.
const HEADERS: &[&str] = &[
    "authorization",
    "x-auth-token",
    "set-auth-token",
    "x-access-token",
    "x-subject-token",
    "access-token",
];
/// Deeper than servers nest: `response.user.authentication_token`.
const DEEPEST: usize = 4;

/// The place in the notation of `token_field`: the nearest to the root, then the likeliest name. Names only, never a value.
pub(super) fn elsewhere(document: Option<&Document>, headers: &HeaderMap) -> Option<String> {
    document.and_then(in_document).or_else(|| {
        let holds = |name: &&&str| {
            let text = headers.get(**name).and_then(|value| value.to_str().ok());
            text.is_some_and(is_token)
        };
        let name = HEADERS.iter().find(holds)?;
        Some(format!("header:{name}"))
    })
}

/// Whether the whole body, a JSON string or plain text, seems to be a token: one word, longer than "unauthorized" and the like.
pub(super) fn is_bare_token(response: &TokenResponse) -> bool {
    const SHORTEST: usize = 20;
    let text = as_text(&response.body).map(Zeroizing::new);
    text.is_some_and(|text| text.len() >= SHORTEST && is_token(&text))
}

fn in_document(document: &Document) -> Option<String> {
    let root = document.root().iter();
    let mut level: Vec<(String, &Value)> =
        root.map(|(name, value)| (name.clone(), value)).collect();
    for _ in 0..DEEPEST {
        let found = level
            .iter()
            .filter(|(_, value)| value.as_str().is_some_and(is_token))
            .filter_map(|(path, _)| Some((rank(path)?, path)))
            // A name with a dot cannot be addressed below the root.
            .filter(|(_, path)| document.get(path).is_some())
            .min();
        if let Some((_, path)) = found {
            return Some(path.clone());
        }
        level = level
            .iter()
            .flat_map(|(path, value)| below(path, value))
            .collect();
    }
    None
}

/// The members of an object, or the first item of a list, with their paths.
fn below<'a>(path: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (format!("{path}.{name}"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .take(1)
            .map(|item| (format!("{path}.0"), item))
            .collect(),
        _ => Vec::new(),
    }
}

fn rank(path: &str) -> Option<usize> {
    let name: String = path
        .rsplit('.')
        .next()?
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    NAMES.iter().position(|known| *known == name)
}

fn is_token(text: &str) -> bool {
    let text = behind_scheme(text);
    !text.is_empty() && is_header_safe(text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::elsewhere;
    use crate::document::Document;

    #[test]
    fn a_token_is_found_by_the_names_that_servers_give_it() {
        for (body, place) in [
            (r#"{"token":"quiet"}"#, Some("token")),
            (r#"{"data":{"accessToken":"q"}}"#, Some("data.accessToken")),
            (r#"{"jwt":"Bearer quiet"}"#, Some("jwt")),
            (r#"{"token":{"access":"quiet"}}"#, Some("token.access")),
            (r#"[{"access_token":"T1"}]"#, Some("0.access_token")),
            // Django: djoser, dj-rest-auth.
            (r#"{"auth_token":"q"}"#, Some("auth_token")),
            (r#"{"key":"q"}"#, Some("key")),
            // Flask-Security.
            (
                r#"{"meta":{"code":200},"response":{"user":{"authentication_token":"q"}}}"#,
                Some("response.user.authentication_token"),
            ),
            // Cognito.
            (
                r#"{"AuthenticationResult":{"IdToken":"i","AccessToken":"a"}}"#,
                Some("AuthenticationResult.AccessToken"),
            ),
            // Parse.
            (
                r#"{"objectId":"o","sessionToken":"r:q"}"#,
                Some("sessionToken"),
            ),
            // The nearest to the root, then the likeliest name.
            (r#"{"user":{"token":"device"},"jwt":"q"}"#, Some("jwt")),
            (r#"{"key":"k","access":"a","token":"q"}"#, Some("token")),
            (
                r#"{"items":[{"token":"q"},{"token":"p"}]}"#,
                Some("items.0.token"),
            ),
            (r#"{"a":{"b.token":"q"}}"#, None),
            (r#"{"a":{"b":{"c":{"d":{"token":"too deep"}}}}}"#, None),
            (r#"{"token":"two words","data":{"token":7}}"#, None),
            (r#"{"refresh_token":"quiet","jwt":""}"#, None),
        ] {
            let document =
                Document::read(None, body.as_bytes(), "").unwrap_or_else(|_| panic!("{body}"));
            let found = elsewhere(Some(&document), &HeaderMap::new());
            assert_eq!(found.as_deref(), place, "{body}");
        }
    }

    #[test]
    fn a_header_is_named_if_the_body_has_no_token() {
        for (name, value, place) in [
            (
                "authorization",
                "Bearer quiet",
                Some("header:authorization"),
            ),
            ("x-subject-token", "quiet", Some("header:x-subject-token")),
            ("x-auth-token", "two words", None),
            ("x-request-id", "quiet", None),
        ] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )]);
            assert_eq!(
                elsewhere(None, &headers).as_deref(),
                place,
                "{name}: {value}"
            );
        }
    }
}
