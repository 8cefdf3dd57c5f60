//! Decodes bodies in any Unicode encoding.

use zeroize::Zeroizing;

/// The body as text: UTF-8, UTF-16 or UTF-32, recognized by the byte order mark or by the zero bytes around ASCII (RFC 4627
/// §3), otherwise Latin-1, which accepts any bytes.
pub(super) fn decode(body: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(body, u32::from_le_bytes),
        [0, 0, 0, _, ..] => utf32(body, u32::from_be_bytes),
        [_, 0, _, 0, ..] => utf16(body, u16::from_le_bytes),
        [0, _, 0, _, ..] => utf16(body, u16::from_be_bytes),
        _ => utf8(body),
    })
}

/// Removes surrounding blanks, and NULs that servers written in C may leave after a string.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}')
}

fn utf8(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A truncated body may end within a character. It is UTF-8 all the same.
        Err(problem) if problem.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..problem.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn utf32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> String {
    let units = bytes
        .chunks_exact(4)
        .map(|four| read([four[0], four[1], four[2], four[3]]));
    units
        .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
