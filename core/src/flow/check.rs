//! The checks of all flows' options.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::error::{Error, Result};
use crate::options::check_line;
use crate::secret::Secret;

/// Headers that the transport sets; a second value would corrupt the request.
const TRANSPORT_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A required value on one line.
pub(super) fn required(name: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::config(name, "must not be empty"));
    }
    check_line(name, value)
}

/// An optional value: absent, or not empty and on one line.
pub(super) fn optional(name: &str, value: Option<&str>) -> Result<()> {
    value.map_or(Ok(()), |value| required(name, value))
}

/// An absolute http or https URL with a host, without user information and fragment.
/// Whether plain http is allowed is the client's decision.
pub(super) fn url(name: &str, text: &str) -> Result<Url> {
    required(name, text)?;
    let url = Url::parse(text).map_err(|problem| {
        Error::config(name, format_args!("is not an absolute URL: {problem}"))
    })?;
    checked_url(name, url)
}

/// As [`url`], for a URL that is parsed already.
pub(super) fn checked_url(name: &str, url: Url) -> Result<Url> {
    let problem = if !matches!(url.scheme(), "http" | "https") {
        "must start with https:// (or http://)"
    } else if url.host_str().is_none_or(str::is_empty) {
        "must name a host"
    } else if !url.username().is_empty() || url.password().is_some() {
        "must not contain a user name or password; credentials have their own options"
    } else if url.fragment().is_some() {
        "must not contain a fragment (#)"
    } else {
        return Ok(url);
    };
    Err(Error::config(name, problem))
}

/// `base` with `path` appended to its path.
pub(super) fn under(base: &Url, path: &str) -> Result<Url> {
    let mut url = checked_url("base_url", base.clone())?;
    url.set_query(None);
    let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&joined);
    Ok(url)
}

/// The words of a scope: an entry may have several, and a repeated word counts once.
///
/// # Errors
/// `config_invalid` for characters that RFC 6749 §3.3 does not allow: control characters, `"`, `\`.
pub(super) fn scope(name: &str, entries: &[String]) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for word in entries
        .iter()
        .flat_map(|entry| entry.split(' '))
        .filter(|word| !word.is_empty())
    {
        check_line(name, word)?;
        if word.contains(['"', '\\', '\t']) {
            return Err(Error::config(
                name,
                "must not contain quotes, backslashes or tabs",
            ));
        }
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    Ok(words)
}

/// Headers that the user adds. All are marked sensitive, because any of them may be a key.
pub(super) fn headers(name: &str, table: &[(String, Secret)]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(table.len());
    for (key, value) in table {
        let key = HeaderName::from_bytes(key.as_bytes())
            .map_err(|_| Error::config(name, "has an entry whose name is not a header name"))?;
        if TRANSPORT_HEADERS.contains(&key.as_str()) {
            return Err(Error::config(name, format_args!("must not set {key}")));
        }
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
            Error::config(
                name,
                format_args!("{key} must be visible ASCII on one line"),
            )
        })?;
        value.set_sensitive(true);
        if headers.insert(key.clone(), value).is_some() {
            return Err(Error::config(name, format_args!("sets {key} twice")));
        }
    }
    Ok(headers)
}

/// Names of JSON fields. One with dots is a path into objects, and no path may lead through another field's value.
pub(super) fn paths(name: &str, table: &[(String, Secret)]) -> Result<()> {
    /// Far more than any server needs; bounds the serializer's recursion.
    const DEEPEST: usize = 16;
    for (path, _) in table {
        if path.split('.').count() > DEEPEST {
            return Err(Error::config(name, "has a field that is nested too deep"));
        }
        if path.split('.').any(str::is_empty) {
            return Err(Error::config(
                name,
                format_args!("must not set {path}, a name is missing beside a dot"),
            ));
        }
        let through = |other: &str| {
            path.strip_prefix(other)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some((other, _)) = table.iter().find(|(other, _)| through(other)) {
            return Err(Error::config(
                name,
                format_args!("must not set both {other} and {path}"),
            ));
        }
    }
    Ok(())
}

/// Form or body fields that the user adds. `taken` names the fields that the flow itself sends.
pub(super) fn fields(name: &str, table: &[(String, Secret)], taken: &[&str]) -> Result<()> {
    for (index, (key, value)) in table.iter().enumerate() {
        required(name, key)?;
        check_line(name, value.expose())?;
        // RFC 6749 §3.2: a parameter is sent once.
        if taken.contains(&key.as_str()) || table[..index].iter().any(|(earlier, _)| earlier == key)
        {
            return Err(Error::config(
                name,
                format_args!("must not set {key}, it is sent already"),
            ));
        }
    }
    Ok(())
}
