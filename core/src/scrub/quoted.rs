//! Finds a secret in the forms in which a server may quote it. Each character may be as it is, percent-encoded (also several
//! times), an HTML entity, escaped as in JSON and other languages, or in a wrong character set. The forms may be mixed,
//! because each encoder leaves different characters as they are.

/// How many times an escape may be escaped again.
const LAYERS: usize = 3;

/// The length of the longest form of `secret` at the start of `text`.
pub(super) fn quoted(text: &str, secret: &str) -> Option<usize> {
    let (first, begin) = (secret.chars().next()?, text.chars().next()?);
    // Most positions are ruled out here, before anything is allocated.
    let is_plain = first.is_ascii() && !first.is_whitespace();
    if is_plain && begin != first && !matches!(begin, '%' | '&' | '\\') {
        return None;
    }
    // Otherwise a run of question marks would be found in ordinary text.
    let is_lossy = secret.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let mut ends = vec![0];
    for c in secret.chars() {
        let mut next = Vec::new();
        for at in ends {
            let mut step = |length: usize| {
                let end: usize = at + length;
                if !next.contains(&end) {
                    next.push(end);
                }
            };
            forms(&text[at..], c, is_lossy, &mut step);
        }
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().max().filter(|end| *end > 0)
}

/// Calls `step` with the length of each form of `c` at the start of `rest`.
fn forms(rest: &str, c: char, is_lossy: bool, step: &mut impl FnMut(usize)) {
    if rest.starts_with(c) {
        step(c.len_utf8());
    }
    let Some(first) = rest.chars().next() else {
        return;
    };
    if c.is_whitespace() {
        let blank = |c: char| c.is_whitespace() || c.is_control();
        let blanks = rest.find(|c| !blank(c)).unwrap_or(rest.len());
        if blanks > 0 {
            step(blanks);
        }
        if first == '+' {
            step(1);
        }
    }
    match first {
        '%' => {
            let mut utf8 = [0; 4];
            percent(rest, c.encode_utf8(&mut utf8).as_bytes(), step);
            if c == ' ' {
                percent(rest, b"+", step);
            }
            if let (false, Ok(latin)) = (c.is_ascii(), u8::try_from(u32::from(c))) {
                percent(rest, &[latin], step);
            }
        }
        '&' => entity(rest, c, step),
        '\\' => escape(rest, c, step),
        _ if c.is_ascii() => {}
        '?' | '\u{FFFD}' if is_lossy => step(first.len_utf8()),
        _ => misread(rest, c, step),
    }
}

/// `%C3%A9`, `%25C3%25A9`.
fn percent(rest: &str, bytes: &[u8], step: &mut impl FnMut(usize)) {
    for layers in 0..LAYERS {
        let mut at = 0;
        let holds = bytes.iter().all(|byte| {
            let Some(behind) = rest[at..].strip_prefix('%') else {
                return false;
            };
            let Some(digits) = behind.strip_prefix(&"25".repeat(layers)) else {
                return false;
            };
            at += 1 + 2 * layers + 2;
            digits.get(..2).is_some_and(|digits| {
                digits.bytes().all(|digit| digit.is_ascii_hexdigit())
                    && u8::from_str_radix(digits, 16) == Ok(*byte)
            })
        });
        if holds {
            step(at);
        }
    }
}

/// `&amp;`, `&#38;`, `&#x26;`, and `&amp;amp;`.
fn entity(rest: &str, c: char, step: &mut impl FnMut(usize)) {
    let mut inside = &rest[1..];
    for _ in 0..LAYERS {
        let Some((name, _)) = inside.split_once(';').filter(|(name, _)| name.len() <= 10) else {
            return;
        };
        let code =
            name.strip_prefix('#')
                .and_then(|number| match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                });
        let means = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => code.and_then(char::from_u32),
        };
        let length = rest.len() - inside.len() + name.len() + 1;
        if means == Some(c) {
            step(length);
        }
        if means != Some('&') {
            return;
        }
        inside = &rest[length..];
    }
}

/// `\"`, `\/`, `\\`, `\u00e9`, `\ud83d\ude00`, `\xe9`, `\xc3\xa9`, and all of them escaped again.
fn escape(rest: &str, c: char, step: &mut impl FnMut(usize)) {
    let slashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
    if c == '\\' {
        for layer in 1..=LAYERS {
            if 1 << layer <= slashes {
                step(1 << layer);
            }
        }
        return;
    }
    if slashes >= 1 << LAYERS {
        return;
    }
    let behind = &rest[slashes..];
    if behind.starts_with(c) {
        step(slashes + c.len_utf8());
    }
    let mut units = [0; 2];
    let mut at = 0;
    let holds = c.encode_utf16(&mut units).iter().all(|unit| {
        let Some(digits) = rest[at..].trim_start_matches('\\').strip_prefix('u') else {
            return false;
        };
        at = rest.len() - digits.len() + 4;
        digits
            .get(..4)
            .is_some_and(|digits| u16::from_str_radix(digits, 16) == Ok(*unit))
    });
    if holds {
        step(at);
    }
    // Python's `repr` of text, and of bytes.
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).as_bytes();
    for bytes in [u8::try_from(u32::from(c)).ok().as_slice(), bytes] {
        let mut at = 0;
        let holds = bytes.iter().all(|byte| {
            let Some(digits) = rest[at..].trim_start_matches('\\').strip_prefix('x') else {
                return false;
            };
            at = rest.len() - digits.len() + 2;
            digits
                .get(..2)
                .is_some_and(|digits| u8::from_str_radix(digits, 16) == Ok(*byte))
        });
        if holds && at > 0 {
            step(at);
        }
    }
}

/// UTF-8 read as Latin-1 (`Ã©`), and a letter with a separate mark (Unicode's form D).
fn misread(rest: &str, c: char, step: &mut impl FnMut(usize)) {
    let mut utf8 = [0; 4];
    let bytes = c.encode_utf8(&mut utf8).as_bytes();
    let read: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    if rest.starts_with(&read) {
        step(read.len());
    }
    let mut chars = rest.chars();
    if chars
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic())
        && let Some(mark @ '\u{300}'..='\u{36F}') = chars.next()
    {
        step(1 + mark.len_utf8());
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    const SECRET: &str = "p$ é&<w>\"'/\\z%9+\u{1F511}";

    #[test]
    fn each_form_is_found_whole_and_mixed() {
        let forms = [
            SECRET,
            // JSON, as Python writes it, as others do, and twice.
            r#"p$ \u00e9&<w>\"'/\\z%9+\ud83d\udd11"#,
            r#"p$ é\u0026\u003Cw\u003e\"'\/\\z%9+\uD83D\uDD11"#,
            r#"p$ \\u00e9&<w>\\\"'/\\\\z%9+\\ud83d\\udd11"#,
            // encodeURIComponent, encodeURI, a form, and twice.
            "p%24%20%C3%A9%26%3Cw%3E%22'%2F%5Cz%259%2B%F0%9F%94%91",
            "p$%20%c3%a9&%3Cw%3E%22'/%5Cz%259+%F0%9F%94%91",
            "p%24+%E9%26%3Cw%3E%22%27%2F%5Cz%259%2B%F0%9F%94%91",
            "p%2524%2B%25C3%25A9%2526%253Cw%253E%2522%2527%252F%255Cz%25259%252B%25F0%259F%2594%2591",
            // HTML.
            "p$ é&amp;&lt;w&gt;&quot;'/\\z%9+\u{1F511}",
            "p&#36; &#xE9;&#038;&#60;w&#x3e;&#34;&#39;/\\z%9+&#128273;",
            "p$ é&amp;amp;&amp;lt;w&amp;gt;&amp;quot;&amp;#39;/\\z%9+\u{1F511}",
            // Other languages, other character sets, other blanks.
            r#"p$ \xe9&<w>\"\'/\\z%9+\u{1F511}"#.split("\\u").next().unwrap(),
            r#"p$ \xc3\xa9&<w>\"'/\\z%9+\xf0\x9f\x94\x91"#,
            "p$ Ã©&<w>\"'/\\z%9+ð\u{9f}\u{94}\u{91}",
            "p$ e\u{301}&<w>\"'/\\z%9+?",
            "p$\r\n\t é&<w>\"'/\\z%9+\u{FFFD}",
        ];
        for form in forms {
            let secret = if form.ends_with('+') {
                SECRET.trim_end_matches('\u{1F511}')
            } else {
                SECRET
            };
            let text = format!("{form} and on");
            assert_eq!(quoted(&text, secret), Some(form.len()), "{form}");
        }
    }

    #[test]
    fn what_is_not_the_secret_is_not_found() {
        for text in [
            "",
            "p",
            "p$",
            "p$ é&<w>",
            "P$ é",
            "p%25",
            "p%",
            "p&",
            "p&#36",
            "p\\",
            "p\\u00",
            "p%zz",
            "é",
            "p&#99999999999;",
            "p\\\\\\\\\\\\\\\\\\\\$",
        ] {
            assert_eq!(quoted(text, SECRET), None, "{text}");
        }
        assert_eq!(quoted("???", "äöü"), None);
        assert_eq!(quoted("x", ""), None);
    }

    #[test]
    fn a_percent_sign_is_one_in_every_layer() {
        for (text, length) in [("%9", 2), ("%259", 4), ("%25259", 6), ("%2525259", 8)] {
            assert_eq!(quoted(text, "%9"), Some(length), "{text}");
        }
    }
}
