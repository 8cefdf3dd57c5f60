//! JSON that a strict parser refuses but whose meaning is clear: numbers out of range, a cut-off end.

use std::ops::ControlFlow;

use zeroize::Zeroizing;

/// What a scan over JSON text meets.
enum Piece {
    Open(u8),
    Close,
    Comma,
    /// A run of characters outside strings that is no punctuation: a number or a word.
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
                Piece::Other
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

/// The end of the string that opens at `from`: behind its closing quote, or the end of the text.
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

/// `text` with numbers beyond a double brought into range and the words that JavaScript and Python print
/// for such numbers replaced; what it replaces is a number in every language but JSON.
pub(super) fn numbers(text: &str) -> Zeroizing<String> {
    // The longest replacement is two characters longer than the shortest word it replaces.
    let mut repaired = Zeroizing::new(String::with_capacity(text.len() * 2));
    scan(text, |piece, range| {
        let word = &text[range];
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

/// The beginning of a JSON object made whole: cut behind its last complete value and closed.
/// `None` if no value is complete.
pub(super) fn closed(text: &str) -> Option<Zeroizing<String>> {
    /// As deep as the parser goes.
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
            Piece::Bare | Piece::Other => {}
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
