//! Texts as C reads them: ended by NUL, alive as long as what they belong to.

use std::ffi::c_char;

use zeroize::Zeroizing;

/// A text for C.
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self(ended(text.as_bytes()))
    }

    /// Its bytes, the NUL included.
    pub(crate) fn ended(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// A text that is a secret: wiped when its owner is freed.
pub(crate) struct SecretText(Zeroizing<Vec<u8>>);

impl SecretText {
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(ended(text.as_bytes())))
    }

    /// Its bytes, the NUL included.
    pub(crate) fn ended(&self) -> &[u8] {
        &self.0
    }
}

/// Exactly as long as needed, so that growing never leaves a copy behind.
pub(crate) fn ended(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 1);
    text.extend_from_slice(bytes);
    text.push(0);
    text
}
