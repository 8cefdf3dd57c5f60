//! An input as fields that NUL separates.

use std::ffi::CString;

/// What is left of an input.
pub(crate) struct Fields<'a>(Option<&'a [u8]>);

impl<'a> Fields<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(Some(data))
    }

    /// The next field; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<&'a [u8]> {
        let data = self.0?;
        let end = data.iter().position(|byte| *byte == 0);
        self.0 = end.map(|end| &data[end + 1..]);
        Some(&data[..end.unwrap_or(data.len())])
    }

    /// The next field as a text for C; at the end the empty one.
    pub(crate) fn text(&mut self) -> CString {
        text(self.next().unwrap_or_default())
    }

    /// The next field as a number, 0 where it is none.
    pub(crate) fn number(&mut self) -> i64 {
        let field = self.next().unwrap_or_default();
        std::str::from_utf8(field)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// All that is left, NUL bytes included.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.0.take().unwrap_or_default()
    }
}

/// Bytes without NUL as a text for C.
pub(crate) fn text(bytes: &[u8]) -> CString {
    CString::new(bytes).unwrap_or_default()
}

/// An HTTP message: what stands before the first empty line, and behind it.
pub(crate) fn head_and_body(data: &[u8]) -> (&[u8], &[u8]) {
    match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[]),
    }
}
