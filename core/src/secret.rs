//! The only type a secret lives in.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A secret string: never printed, wiped from memory when the last owner drops it.
///
/// It has no `Display`, no `PartialEq` and no serializer. [`Secret::expose`] is the only access to the value, so that a
/// search for `expose(` lists every use.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `value`; the buffer is wiped on drop.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Do not log it, do not put it in an error.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value is the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same value. Named rather than an operator, so that comparing is a decision.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_bytes() == other.0.as_bytes()
    }

    /// The first 8 hex digits of the value's SHA-256. They suffice to tell tokens apart in a log and to find the same token in
    /// a server's log, and are useless for logging in.
    ///
    /// Only for values of high entropy, such as tokens: a password's fingerprint would let a reader test guesses.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.0.as_bytes());
        format!(
            "{:08x}",
            u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let shown = format!("{:?} {:#?}", Secret::new("hunter2"), Secret::new("hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn fingerprint_is_the_head_of_the_sha256() {
        assert_eq!(Secret::new("abc").fingerprint(), "ba7816bf");
    }
}
