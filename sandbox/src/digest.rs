//! Hashes and random values. Fingerprints are shown instead of secrets.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// SHA-256 as lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first 8 hex digits of the SHA-256: enough to compare, too little to recover.
pub(crate) fn fingerprint(value: &str) -> String {
    hex(&Sha256::digest(value.as_bytes())[..4])
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// `bytes` random bytes as hex.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    // Without randomness two tokens would be equal, and tests would pass for the wrong reason.
    getrandom::fill(&mut buffer).expect("the system has randomness");
    hex(&buffer)
}

/// A random UUID (RFC 9562 §5.4).
pub(crate) fn random_uuid() -> String {
    let hex = random_hex(16);
    let variant = ['8', '9', 'a', 'b'][usize::from(hex.as_bytes()[16]) % 4];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_the_head_of_the_sha256() {
        assert_eq!(fingerprint("password"), "5e884898");
        assert!(sha256_hex(b"password").starts_with("5e884898da28"));
    }

    #[test]
    fn uuids_have_the_shape_of_version_4() {
        let uuid = random_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
