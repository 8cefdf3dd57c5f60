//! Repairs JSON that a strict parser refuses although its meaning is clear: numbers out of range, lone surrogates, a
//! truncated end.

use std::ops::ControlFlow;

use zeroize::Zeroizing;

/// A piece of JSON text.
enum Piece {
    Open(u8),
    Close,
    Comma,
    /// A literal with its quotes.
    String,
    /// A number or a word outside strings.
    Bare,
    Other,
}

/// Calls `visit` for each piece of JSON text with its byte range. Tolerates anything.
fn scan(text: &str, mut visit: impl FnMut(Piece, std::ops::Range<usize>) -> ControlFlow<()>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let piece = match bytes[at] {
            b'"' => {
                at = string_end(bytes, at);
                Piece::String
            }
            open @ (b'{' | b'[') => {
                at += 1;
                Piece::Open(open)
            }
            b'}' | b']' => {
                at += 1;
                Piece::Close
            }
            b',' => {
                at += 1;
                Piece::Comma
            }
            byte if is_bare(byte) => {
                while at < bytes.len() && is_bare(bytes[at]) {
                    at += 1;
                }
                Piece::Bare
            }
            _ => {
                at += 1;
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                Piece::Other
            }
        };
        if visit(piece, start..at).is_break() {
            return;
        }
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// The end of the string that starts at `from`: after its closing quote, or the end of the text.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `text` with three things replaced that only strict JSON refuses: numbers beyond the range of a double, the words that
/// JavaScript and Python write for them, and escaped UTF-16 surrogates without their partner.
pub(super) fn lenient(text: &str) -> Zeroizing<String> {
    // The longest replacement is two characters longer than the shortest word it replaces.
    let mut repaired = Zeroizing::new(String::with_capacity(text.len() * 2));
    scan(text, |piece, range| {
        let word = &text[range];
        if matches!(piece, Piece::String) {
            push_whole_characters(&mut repaired, word);
            return ControlFlow::Continue(());
        }
        repaired.push_str(match (piece, word) {
            (Piece::Bare, "NaN") => "null",
            (Piece::Bare, "Infinity" | "+Infinity") => "1e308",
            (Piece::Bare, "-Infinity") => "-1e308",
            (Piece::Bare, _) if word.bytes().any(|byte| byte.is_ascii_digit()) => {
                match word.parse::<f64>() {
                    Ok(number) if number.is_infinite() => {
                        if number > 0.0 {
                            "1e308"
                        } else {
                            "-1e308"
                        }
                    }
                    _ => word,
                }
            }
            _ => word,
        });
        ControlFlow::Continue(())
    });
    repaired
}

/// Pushes a string literal with U+FFFD for each `\uD800` to `\uDFFF` that has no partner.
fn push_whole_characters(repaired: &mut String, literal: &str) {
    let unit = |at: usize| {
        let digits = literal.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = literal[at..].find('\\') {
        at += found;
        match (unit(at), unit(at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => at += 12,
            (Some(0xD800..0xE000), _) => {
                repaired.push_str(&literal[copied..at]);
                repaired.push('\u{FFFD}');
                at += 6;
                copied = at;
            }
            // Skips the escaped character, which may be a backslash itself.
            _ => {
                at += 1;
                at += literal[at..].chars().next().map_or(0, char::len_utf8);
            }
        }
    }
    repaired.push_str(&literal[copied..]);
}

/// Completes the beginning of a JSON object: cuts it after its last complete value and closes it. `None` if no value is
/// complete.
pub(super) fn closed(text: &str) -> Option<Zeroizing<String>> {
    /// Below the parser's own limit of 128.
    const DEEPEST: usize = 100;
    let mut open = Vec::new();
    let mut whole: Option<(usize, Vec<u8>)> = None;
    scan(text, |piece, range| {
        match piece {
            Piece::Open(byte) if open.len() < DEEPEST => open.push(byte),
            Piece::Open(_) => return ControlFlow::Break(()),
            Piece::Close => {
                open.pop();
                whole = Some((range.end, open.clone()));
                if open.is_empty() {
                    return ControlFlow::Break(());
                }
            }
            Piece::Comma => whole = Some((range.start, open.clone())),
            Piece::Bare | Piece::String | Piece::Other => {}
        }
        ControlFlow::Continue(())
    });
    let (end, open) = whole?;
    let mut closed = Zeroizing::new(String::with_capacity(end + open.len()));
    closed.push_str(&text[..end]);
    closed.extend(
        open.iter()
            .rev()
            .map(|byte| if *byte == b'{' { '}' } else { ']' }),
    );
    Some(closed)
}
