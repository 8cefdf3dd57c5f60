//! Client authentication at a token endpoint (RFC 6749 §2.3.1, and the variants of real servers).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::{Request, field};
use crate::settings::ClientAuth;

use super::oauth::TokenFault;

/// Checks the client; `Ok` if it is the expected one in an accepted form.
pub(super) fn authenticate(
    request: &Request,
    form: &[(String, String)],
    accepted: &[ClientAuth],
    expected: (&str, &str),
) -> Result<(), TokenFault> {
    let basic = request.authorization();
    let in_body = field(form, "client_id").zip(field(form, "client_secret"));
    match (basic, in_body) {
        (Some((Some(scheme), encoded)), _) if scheme.eq_ignore_ascii_case("basic") => {
            let (id, secret) = decode_basic(encoded).ok_or(TokenFault::ClientMalformed)?;
            let decoders: [(ClientAuth, Decoder); 3] = [
                (ClientAuth::BasicRaw, str::to_owned),
                (ClientAuth::BasicForm, form_decoded),
                (ClientAuth::BasicPercent, percent_decoded),
            ];
            let fits = decoders
                .into_iter()
                .filter(|(form, _)| accepted.contains(form))
                .any(|(_, decode)| decode(&id) == expected.0 && decode(&secret) == expected.1);
            if fits {
                Ok(())
            } else {
                Err(TokenFault::ClientWrong)
            }
        }
        (Some(_), None) => Err(TokenFault::ClientMalformed),
        (_, Some(pair)) if accepted.contains(&ClientAuth::Body) && pair == expected => Ok(()),
        (_, Some(_)) => Err(TokenFault::ClientWrong),
        (None, None) => Err(TokenFault::ClientMissing),
    }
}

type Decoder = fn(&str) -> String;

/// The pair, split at the first colon (RFC 7617 §2).
fn decode_basic(encoded: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn form_decoded(text: &str) -> String {
    percent_decoded(&text.replace('+', " "))
}

/// Percent-decoding that leaves an invalid `%` as it is, as servers do.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_lenient() {
        assert_eq!(percent_decoded("a%20b%zz%"), "a b%zz%");
        assert_eq!(percent_decoded("%C3%A9+é"), "é+é");
        assert_eq!(form_decoded("a+b%2B"), "a b+");
    }

    #[test]
    fn the_first_colon_splits() {
        assert_eq!(
            decode_basic(&STANDARD.encode("a:b:c")),
            Some(("a".to_owned(), "b:c".to_owned()))
        );
        assert_eq!(decode_basic("%%%"), None);
        assert_eq!(decode_basic(&STANDARD.encode("nocolon")), None);
    }
}
