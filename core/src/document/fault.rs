//! Reads XML faults, also truncated ones: WSO2's `<am:fault xmlns:am="…"><am:code>101503</am:code>…`, and SOAP 1.1's and 1.2's.

use serde_json::{Map, Value};

/// Elements of WSO2's faults, and their names in the document.
const WSO2: &[(&str, &str)] = &[
    ("code", "code"),
    ("message", "message"),
    ("description", "description"),
    ("type", "type"),
    ("nextAccessTime", "nextAccessTime"),
];
/// Elements of SOAP 1.1's and 1.2's faults.
const SOAP: &[(&str, &str)] = &[
    ("faultstring", "message"),
    ("Text", "message"),
    ("detail", "description"),
];

/// Whether `text`, which starts with `<`, is HTML.
pub(super) fn is_html(text: &str) -> bool {
    let head: String = text
        .chars()
        .take(256)
        .collect::<String>()
        .to_ascii_lowercase();
    [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<title",
        "<h1",
        "<center",
        "<p>",
        "<!doctype",
        "<meta",
        "<script",
        "<form",
        "<div",
    ]
    .iter()
    .any(|mark| head.contains(mark))
}

/// The fault as `{"fault":{"code","message","description"}}`; `None` if the root element is neither a `fault` nor an envelope
/// around one. SOAP's code is not taken: it only says whether client or server is at fault.
pub(super) fn read(text: &str) -> Option<Map<String, Value>> {
    let mut rest = skip_prologue(text)?;
    let root = local_name(next_tag(&mut rest)?);
    let names: &[(&str, &str)] = if root.eq_ignore_ascii_case("fault") {
        WSO2
    } else if root == "Envelope" {
        while local_name(next_tag(&mut rest)?) != "Fault" {}
        SOAP
    } else {
        return None;
    };
    let mut fields = Map::new();
    while let Some(tag) = next_tag(&mut rest) {
        let name = local_name(tag);
        let known = names
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, field)) = known.filter(|_| !tag.ends_with('/')) {
            // Without a tag after it, the value may be truncated.
            let Some((value, _)) = rest.split_once('<') else {
                break;
            };
            fields
                .entry(*field)
                .or_insert_with(|| Value::String(unescape(value.trim())));
        }
    }
    Some(Map::from_iter([(
        "fault".to_owned(),
        Value::Object(fields),
    )]))
}

/// The texts between the tags of `text`.
pub(super) fn texts(text: &str) -> impl Iterator<Item = &str> {
    text.split('<')
        .filter_map(|piece| Some(piece.split_once('>')?.1.trim()))
        .filter(|text| !text.is_empty())
}

/// `text` from its root element on, after declarations and comments.
fn skip_prologue(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            return Some(rest);
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
}

/// The contents of the next complete `<…>`. `rest` becomes the text after it.
fn next_tag<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (_, behind) = rest.split_once('<')?;
    let (tag, behind) = behind.split_once('>')?;
    *rest = behind;
    Some(tag)
}

/// The name without prefix and attributes; empty for a closing tag.
fn local_name(tag: &str) -> &str {
    let name = tag
        .split([' ', '\t', '\r', '\n', '/'])
        .next()
        .unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

fn unescape(text: &str) -> String {
    // `&amp;` last, because otherwise `&amp;lt;` would be unescaped twice.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}
