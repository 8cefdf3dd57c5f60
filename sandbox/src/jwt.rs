//! Signed tokens: those that the providers issue, and those that their clients sign.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Map, Value};

/// The key of everything that the sandbox signs by HMAC. It is not secret: clients cannot verify these signatures.
const HMAC_KEY: &[u8] =
    b"evertoken-sandbox: this key signs nothing of value, and no client may ever verify with it.";

/// An HS512 JWT with the header Pismo sends: exactly `{"alg":"HS512"}`.
pub(crate) fn hs512(claims: &Map<String, Value>) -> String {
    let mut header = Header::new(Algorithm::HS512);
    header.typ = None;
    sign(&header, claims)
}

/// An HS256 JWT with the usual header.
pub(crate) fn hs256(claims: &Map<String, Value>) -> String {
    sign(&Header::new(Algorithm::HS256), claims)
}

fn sign(header: &Header, claims: &Map<String, Value>) -> String {
    // Fails only for a key that does not fit the algorithm, and an HMAC key always does.
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(HMAC_KEY)).expect("HMAC signs")
}

/// The claims of a JWT that was signed with `secret` by HS256. The caller, which knows the virtual clock, checks the times.
pub(crate) fn verify_hs256(token: &str, secret: &str) -> Option<Map<String, Value>> {
    verify(
        token,
        &DecodingKey::from_secret(secret.as_bytes()),
        Algorithm::HS256,
    )
}

/// The claims of a JWT that was signed by RS256 with the key pair of `public_pem`.
pub(crate) fn verify_rs256(token: &str, public_pem: &str) -> Option<Map<String, Value>> {
    verify(
        token,
        &DecodingKey::from_rsa_pem(public_pem.as_bytes()).ok()?,
        Algorithm::RS256,
    )
}

fn verify(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Map<String, Value>> {
    let mut rules = Validation::new(algorithm);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    jsonwebtoken::decode::<Map<String, Value>>(token, key, &rules)
        .ok()
        .map(|data| data.claims)
}

/// Whether the text has the form of a JWT that names Pismo Passport as its issuer.
pub(crate) fn is_from_passport(token: &str) -> bool {
    jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token)
        .is_ok_and(|data| data.claims.get("iss").and_then(Value::as_str) == Some("Passport"))
}

/// An RSA key pair for the OpenID flow: private and public PEM. Generated on first use, because that is slow.
pub(crate) fn openid_key() -> &'static (String, String) {
    static KEY: OnceLock<(String, String)> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
            .expect("the crypto library makes RSA keys");
        (pair.serialize_pem(), pair.public_key_pem())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn claims() -> Map<String, Value> {
        json!({"iss": "Passport", "exp": 1})
            .as_object()
            .cloned()
            .unwrap_or_default()
    }

    #[test]
    fn hs512_header_is_exactly_the_documented_one() {
        let token = hs512(&claims());
        let header = token.split('.').next().expect("three parts");
        assert_eq!(
            URL_SAFE_NO_PAD.decode(header).expect("base64url"),
            br#"{"alg":"HS512"}"#
        );
        assert!(is_from_passport(&token));
        assert!(!is_from_passport("opaque"));
    }

    #[test]
    fn a_foreign_key_is_refused() {
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims(),
            &EncodingKey::from_secret("é".as_bytes()),
        );
        let token = token.expect("signs");
        assert!(verify_hs256(&token, "é").is_some());
        assert!(verify_hs256(&token, "e").is_none());
    }

    #[test]
    fn rs256_checks_with_the_generated_pair() {
        let (private, public) = openid_key();
        let key = EncodingKey::from_rsa_pem(private.as_bytes()).expect("PEM");
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims(), &key).expect("signs");
        assert!(verify_rs256(&token, public).is_some());
    }
}
