//! Origins (RFC 6454) that may receive the token, and how a caller's URL is read.

use std::fmt;

use url::{Host, Url};

use crate::error::{Error, ErrorKind, Result};

/// Scheme, host and port.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an http or https URL.
    pub fn of(url: &Url) -> Option<Self> {
        let (scheme, host, port) = parts(url)?;
        Some(Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
        })
    }

    /// The host and port.
    pub fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// As the URL standard serializes it: without the scheme's default port.
    fn spelled(&self) -> String {
        let usual = match self.scheme.as_str() {
            "https" => 443,
            _ => 80,
        };
        if self.port == usual {
            format!("{}://{}", self.scheme, self.host)
        } else {
            self.to_string()
        }
    }

    /// Whether `url` belongs to this origin. Allocates nothing, because every request asks it.
    pub fn contains(&self, url: &Url) -> bool {
        parts(url).is_some_and(|(scheme, host, port)| {
            port == self.port && host == self.host && scheme == self.scheme
        })
    }
}

/// Scheme, host (lower case as the URL standard has it) and port of an http or https URL.
fn parts(url: &Url) -> Option<(&str, &str, u16)> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    // `example.com.` and `example.com` name the same host.
    let host = url.host_str()?.trim_end_matches('.');
    Some((url.scheme(), host, url.port_or_known_default()?))
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URL's host as certificates and error messages name it: without the brackets of an IPv6 address.
pub(crate) fn bare_host(host: Option<&str>) -> &str {
    let host = host.unwrap_or("the server");
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether the host is this machine: `localhost`, `*.localhost` (RFC 6761 §6.3), 127.0.0.0/8, `::1`.
pub fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| is_loopback_host(&host))
}

/// As [`is_loopback`], for a host.
pub fn is_loopback_host<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref().trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
    }
}

/// Reads an absolute http or https URL that may receive secrets.
///
/// # Errors
/// `config_invalid` that names the option: not a URL, another scheme, a user name or password in it,
/// or http to a host that is not loopback while `allow_insecure_http` is off.
pub fn parse_base(option: &str, text: &str, allow_insecure_http: bool) -> Result<Url> {
    let url =
        Url::parse(text.trim()).map_err(|_| Error::config(option, "is not an absolute URL"))?;
    check_base(option, &url, allow_insecure_http)?;
    Ok(url)
}

/// As [`parse_base`], for a URL that is parsed already.
///
/// # Errors
/// As [`parse_base`].
pub fn check_base(option: &str, url: &Url, allow_insecure_http: bool) -> Result<()> {
    if Origin::of(url).is_none() {
        return Err(Error::config(option, "must be an https URL with a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::config(
            option,
            "must not contain a user name or password",
        ));
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err(Error::config(
            option,
            "must name one host, * stands for none",
        ));
    }
    if url.scheme() == "http" && !allow_insecure_http && !is_loopback(url) {
        return Err(Error::config(
            option,
            format_args!(
                "must be https: {} is not this machine, and http would show the secrets to everyone on the way (allow_insecure_http overrides this)",
                url.host_str().unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

/// The full URL of a caller's `text`: an absolute URL as it is, anything else below `base`.
///
/// A relative URL is appended to the base's path and never resolved against its host, so that no text that a caller
/// passes on (`//host`, `\\host`) can leave the origin.
///
/// # Errors
/// `config_invalid` if it cannot be read.
pub fn resolve(base: &Url, text: &str) -> Result<Url> {
    let bad = || {
        Error::config(
            "url",
            "is not an http or https URL, nor a path below base_url",
        )
    };
    if text.chars().any(char::is_control) {
        return Err(Error::config("url", "must not contain control characters"));
    }
    let begins = |with: &str| {
        let head = text.as_bytes().get(..with.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()))
    };
    if begins("http://") || begins("https://") {
        return Url::parse(text).map_err(|_| bad());
    }
    let head = text.split(['/', '?', '#']).next().unwrap_or_default();
    if head.contains(':') {
        return Err(bad());
    }
    let sent = text.split('#').next().unwrap_or_default();
    let (path, query) = match sent.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (sent, None),
    };
    let mut url = base.clone();
    url.set_fragment(None);
    if !path.is_empty() {
        let above = base.path().trim_end_matches('/');
        url.set_path(&[above, path.trim_start_matches(['/', '\\'])].join("/"));
    }
    url.set_query(query.or(if path.is_empty() { base.query() } else { None }));
    Ok(url)
}

/// The origins that may receive the token, each with its serialization.
#[derive(Clone, Debug)]
pub struct Origins(Vec<(String, Origin)>);

impl Origins {
    /// Allows these origins and no others.
    pub fn new(origins: Vec<Origin>) -> Self {
        Self(
            origins
                .into_iter()
                .map(|origin| (origin.spelled(), origin))
                .collect(),
        )
    }

    /// Whether `url` may receive the token.
    pub fn allow(&self, url: &Url) -> bool {
        self.0.iter().any(|(_, origin)| origin.contains(url))
    }

    /// The origin and the path of a URL that need not be parsed because it is in normal form already: one of these origins,
    /// then a path and perhaps a query, without a character that a parser would change. Parsing takes three times as long as
    /// everything else that `authorize` does, and longer if its code has left the processor's caches.
    pub fn plain<'a>(&self, url: &'a str) -> Option<(&Origin, &'a str)> {
        self.0.iter().find_map(|(spelled, origin)| {
            let rest = url.strip_prefix(spelled.as_str())?;
            is_plain(rest).then(|| (origin, path_of(rest)))
        })
    }

    /// `origin_refused` for this URL.
    pub fn refusal(&self, url: &Url) -> Error {
        let origin =
            Origin::of(url).map_or_else(|| "that URL".to_owned(), |origin| origin.to_string());
        let allowed = self
            .0
            .iter()
            .map(|(_, origin)| origin.to_string())
            .collect::<Vec<_>>()
            .join(", ");
        Error::new(
            ErrorKind::OriginRefused,
            format!("the token does not go to {origin}, only to {allowed}"),
        )
    }
}

/// Whether a parser would change nothing in a path and its query.
pub(crate) fn is_plain(text: &str) -> bool {
    let path = path_of(text);
    let means_itself = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~:,;=+@.".contains(&byte);
    // What is escaped in a query, and where the fragment begins.
    let is_escaped = |byte: u8| b"\"<>'#".contains(&byte);
    let mut query = text[path.len()..].bytes();
    // A dot after a slash may be a dot segment: such a path is left to the parser.
    path.starts_with('/')
        && path.bytes().all(means_itself)
        && !path.contains("/.")
        && query.all(|byte| byte.is_ascii_graphic() && !is_escaped(byte))
}

/// What precedes the query.
fn path_of(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}

/// The text of `base` to which a path is appended.
pub(crate) fn plain_base(base: &Url) -> String {
    let mut base = base.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Origin, Origins, is_loopback, parse_base, resolve};

    #[test]
    fn a_plain_url_is_what_reading_it_makes_of_it() {
        let pinned = [
            "https://api.example",
            "http://127.0.0.1:8080",
            "http://[::1]",
        ];
        let origins = Origins::new(
            pinned
                .iter()
                .map(|url| Origin::of(&Url::parse(url).unwrap()).unwrap())
                .collect(),
        );
        for (url, path) in [
            ("https://api.example/", "/"),
            (
                "https://api.example/v1/a-b_c~d.e/x:y,z;k=1+2@3?page=2&q=%41",
                "/v1/a-b_c~d.e/x:y,z;k=1+2@3",
            ),
            ("http://127.0.0.1:8080/a//b", "/a//b"),
            ("http://[::1]/a?b/../c", "/a"),
        ] {
            let (origin, found) = origins.plain(url).unwrap();
            let read = Url::parse(url).unwrap();
            assert!(origin.contains(&read), "{url}");
            assert_eq!((found, read.path()), (path, path), "{url}");
            assert_eq!(
                (
                    Some(origin.host_and_port().0),
                    Some(origin.host_and_port().1)
                ),
                (read.host_str(), read.port_or_known_default()),
                "{url}"
            );
        }
        for url in [
            "https://api.example",
            "https://api.example?page=2",
            "https://api.example:443/",
            "https://api.example./",
            "https://API.example/",
            "https://api.example:8443/",
            "https://api.example@evil.example/",
            "https://api.example\\@evil.example/",
            "https://api.example.evil.example/",
            "http://api.example/",
            "http://127.0.0.1/",
            "https://api.example/a/../b",
            "https://api.example/a/%2e%2e/b",
            "https://api.example/a b",
            "https://api.example/a\\b",
            "https://api.example/\u{fc}",
            "https://api.example/a#b",
            "https://api.example/a?b\r\nc",
            "/accounts/1",
        ] {
            assert!(origins.plain(url).is_none(), "{url}");
        }
    }

    #[test]
    fn relative_urls_stay_below_the_base() {
        let base = Url::parse("https://api.example/v1/").unwrap();
        for (text, expected) in [
            ("/accounts/1", "https://api.example/v1/accounts/1"),
            ("accounts?page=2", "https://api.example/v1/accounts?page=2"),
            ("?page=2", "https://api.example/v1/?page=2"),
            ("", "https://api.example/v1/"),
            ("//evil.example/x", "https://api.example/v1/evil.example/x"),
            ("\\\\evil.example", "https://api.example/v1/evil.example"),
            ("/a b?q=ü#f", "https://api.example/v1/a%20b?q=%C3%BC"),
            ("/t?at=12:30", "https://api.example/v1/t?at=12:30"),
            ("HTTPS://other.example/x", "https://other.example/x"),
        ] {
            assert_eq!(resolve(&base, text).unwrap().as_str(), expected, "{text}");
        }
        for text in ["ftp://x/", "javascript:alert(1)", "https://", "a\r\nb"] {
            assert!(resolve(&base, text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_compare_scheme_host_and_port() {
        let origins = Origins::new(vec![
            Origin::of(&Url::parse("https://api.example").unwrap()).unwrap(),
        ]);
        for (url, allowed) in [
            ("https://api.example/x", true),
            ("https://API.example:443/", true),
            ("https://api.example./", true),
            ("http://api.example/", false),
            ("https://api.example:8443/", false),
            ("https://api.example.evil.example/", false),
            ("https://api.example@evil.example/", false),
        ] {
            assert_eq!(origins.allow(&Url::parse(url).unwrap()), allowed, "{url}");
        }
    }

    #[test]
    fn http_is_for_loopback_unless_allowed() {
        for (url, fine) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:1", true),
            ("http://api.localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.evil.example", false),
            ("https://api.example", true),
            ("https://user:pass@api.example", false),
            ("ftp://api.example", false),
            ("api.example", false),
            ("https://*.api.example", false),
        ] {
            assert_eq!(parse_base("base_url", url, false).is_ok(), fine, "{url}");
        }
        assert!(parse_base("base_url", "http://10.0.0.1", true).is_ok());
        assert!(is_loopback(
            &Url::parse("http://[::ffff:127.0.0.1]").unwrap()
        ));
    }
}
