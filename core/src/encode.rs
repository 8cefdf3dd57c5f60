//! Serializes request bodies and Basic credentials into buffers that are wiped on drop.
//!
//! Each buffer has room for the worst case from the start: one that grows would leave an unwiped copy of a secret behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde::ser::{Serialize, SerializeMap, Serializer};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A value of a request's body.
#[derive(Clone, Debug)]
pub(crate) enum FieldValue {
    Text(Secret),
    Whole(i64),
}

impl FieldValue {
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(Secret::new(value))
    }
}

/// Named values in the order in which they are sent.
pub(crate) type Fields = Vec<(String, FieldValue)>;

/// The fields of one object: the rest of each one's path below it, and its value.
struct Object<'a>(Vec<(&'a str, &'a FieldValue)>);

impl<'a> Serialize for Object<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (path, value)) in self.0.iter().enumerate() {
            let Some((name, _)) = path.split_once('.') else {
                match value {
                    FieldValue::Text(text) => map.serialize_entry(path, text.expose())?,
                    FieldValue::Whole(number) => map.serialize_entry(path, number)?,
                }
                continue;
            };
            let below = |(path, value): &(&'a str, &'a FieldValue)| {
                let (first, rest) = path.split_once('.')?;
                (first == name).then_some((rest, *value))
            };
            // The first of the fields that share an inner object writes all of it.
            if !self.0[..index]
                .iter()
                .any(|earlier| below(earlier).is_some())
            {
                let inner = self.0[index..].iter().filter_map(below).collect();
                map.serialize_entry(name, &Object(inner))?;
            }
        }
        map.end()
    }
}

/// The fields as a JSON object; a name with dots is a path through objects (`user.email`). `None` if the serializer fails,
/// which these fields cannot cause.
pub(crate) fn json(fields: &[(String, FieldValue)]) -> Option<Zeroizing<Vec<u8>>> {
    // A character grows at most sixfold (\u00xx); quotes, colon, comma and an i64 fit into 32.
    let mut body = Zeroizing::new(Vec::with_capacity(capacity(fields, 6)));
    let paths = fields.iter().map(|(name, value)| (name.as_str(), value));
    serde_json::to_writer(&mut *body, &Object(paths.collect())).ok()?;
    Some(body)
}

/// `application/x-www-form-urlencoded` (WHATWG URL §5.2; RFC 6749 appendix B).
pub(crate) fn form(fields: &[(String, FieldValue)]) -> Zeroizing<Vec<u8>> {
    let mut body = Zeroizing::new(Vec::with_capacity(capacity(fields, 3)));
    for (name, value) in fields {
        if !body.is_empty() {
            body.push(b'&');
        }
        extend_form(&mut body, name);
        body.push(b'=');
        match value {
            FieldValue::Text(text) => extend_form(&mut body, text.expose()),
            FieldValue::Whole(number) => extend_form(&mut body, &number.to_string()),
        }
    }
    body
}

fn capacity(fields: &[(String, FieldValue)], growth: usize) -> usize {
    let values = fields.iter().map(|(name, value)| match value {
        FieldValue::Text(text) => name.len() + text.expose().len(),
        FieldValue::Whole(_) => name.len(),
    });
    values.map(|length| length * growth + 32).sum::<usize>() + 2
}

fn extend_form(into: &mut Vec<u8>, text: &str) {
    for piece in form_urlencoded::byte_serialize(text.as_bytes()) {
        into.extend_from_slice(piece.as_bytes());
    }
}

/// `text` form-encoded: a space is `+`.
pub(crate) fn form_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    encoded.extend(form_urlencoded::byte_serialize(text.as_bytes()));
    encoded
}

/// `text` percent-encoded: everything but RFC 3986's unreserved characters, a space is `%20`.
pub(crate) fn percent_encoded(text: &str) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// `user:secret` in base64, as a Basic header carries it (RFC 7617 §2, UTF-8).
pub(crate) fn basic_pair(user: &str, secret: &str) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + secret.len()));
    pair.push_str(user);
    pair.push(':');
    pair.push_str(secret);
    let mut encoded = Zeroizing::new(String::with_capacity(pair.len() * 4 / 3 + 4));
    STANDARD.encode_string(pair.as_bytes(), &mut encoded);
    encoded
}

/// A header value `scheme credentials`, marked sensitive. `None` if a header cannot carry `credentials`.
pub(crate) fn credentials(scheme: &str, credentials: &str) -> Option<HeaderValue> {
    let mut text = Zeroizing::new(String::with_capacity(scheme.len() + 1 + credentials.len()));
    text.push_str(scheme);
    text.push(' ');
    text.push_str(credentials);
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::{FieldValue, form, form_encoded, json, percent_encoded};

    const AWKWARD: &str = "$&;%()?<>[]_).:@+ \"\\/=é→\u{1F511}~*";

    #[test]
    fn a_space_is_plus_in_a_form_and_percent_20_otherwise() {
        assert_eq!(*form_encoded("a b+c~*"), "a+b%2Bc%7E*");
        assert_eq!(*percent_encoded("a b+c~*"), "a%20b%2Bc~%2A");
    }

    #[test]
    fn awkward_secrets_come_back_whole_from_json_and_form() {
        let fields = vec![
            ("password".to_owned(), FieldValue::text(AWKWARD)),
            ("id".to_owned(), FieldValue::Whole(i64::MIN)),
        ];
        let json: serde_json::Value = serde_json::from_slice(&json(&fields).unwrap()).unwrap();
        assert_eq!(json["password"], AWKWARD);
        assert_eq!(json["id"], i64::MIN);
        let form = form(&fields);
        let pairs: Vec<_> = form_urlencoded::parse(&form).into_owned().collect();
        assert_eq!(pairs[0], ("password".to_owned(), AWKWARD.to_owned()));
        assert_eq!(pairs[1].1, i64::MIN.to_string());
    }

    proptest! {
        #[test]
        fn no_buffer_grows(text in any::<String>(), number in any::<i64>()) {
            let fields = vec![(text.clone(), FieldValue::text(text.clone())), (text, FieldValue::Whole(number))];
            prop_assert!(json(&fields).unwrap().len() <= super::capacity(&fields, 6));
            prop_assert!(form(&fields).len() <= super::capacity(&fields, 3));
        }
    }
}
