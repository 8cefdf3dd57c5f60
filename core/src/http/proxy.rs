//! Selects the proxy for a destination.

use std::sync::LazyLock;

use http::HeaderValue;
use http::uri::{Authority, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::{Host, Url};

use crate::error::{Error, Result};
use crate::origin::is_loopback_host;

/// The error message for any other proxy URL.
pub(super) const SCHEMES: &str = "is not an http, https, socks5 or socks5h URL";

/// The proxies of one set of settings.
pub(crate) struct Proxies {
    matcher: Matcher,
    /// The environment's and the system's proxies are not used for this machine; one that the user named is.
    spare_loopback: bool,
    /// The proxy for `http` needs credentials with each request.
    forwards_with_credentials: bool,
}

impl Proxies {
    /// The proxy that the user named, for every destination.
    pub(super) fn of(url: &str) -> Result<Self> {
        let wrong = || Error::config("proxy", SCHEMES);
        let url = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        // The matcher ignores a URL that it cannot read, and then no proxy would be used at all.
        let parsed = Url::parse(&url).map_err(|_| wrong())?;
        let usable = matches!(parsed.scheme(), "http" | "https" | "socks5" | "socks5h");
        let matcher = Matcher::builder().all(url).build();
        if !usable || !parsed.has_host() || matcher.intercept(&ANYWHERE).is_none() {
            return Err(wrong());
        }
        Ok(Self::new(matcher, false))
    }

    /// The proxies of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, else of the system's settings.
    pub(super) fn of_the_system() -> Self {
        Self::new(Matcher::from_system(), true)
    }

    fn new(matcher: Matcher, spare_loopback: bool) -> Self {
        let http = matcher.intercept(&ANYWHERE);
        Self {
            forwards_with_credentials: http.is_some_and(|proxy| proxy.basic_auth().is_some()),
            matcher,
            spare_loopback,
        }
    }

    /// The proxy for requests to `to`.
    pub(super) fn intercept(&self, to: &Uri) -> Option<Intercept> {
        let proxy = self.matcher.intercept(to)?;
        let host = Host::parse(to.host()?).ok();
        let is_spared = self.spare_loopback && host.is_some_and(|host| is_loopback_host(&host));
        (!is_spared).then_some(proxy)
    }

    /// The proxy credentials that a request to `to` must carry itself, because there is no tunnel whose `CONNECT` carries
    /// them.
    pub(super) fn credentials(&self, to: &Uri) -> Option<HeaderValue> {
        if !self.forwards_with_credentials || is_https(to) {
            return None;
        }
        self.intercept(to)?.basic_auth().cloned()
    }
}

/// Any destination but this machine.
static ANYWHERE: LazyLock<Uri> = LazyLock::new(|| Uri::from_static("http://destination.invalid/"));

pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// The port of a URL that names none, unless it is a SOCKS proxy's.
pub(super) fn default_port(uri: &Uri) -> u16 {
    if is_https(uri) { 443 } else { 80 }
}

/// The same destination with its port spelled out.
pub(super) fn with_port(uri: &Uri, default: u16) -> Uri {
    let (None, Some(host)) = (uri.port(), uri.host()) else {
        return uri.clone();
    };
    let mut parts = uri.clone().into_parts();
    let authority = format!("{host}:{default}").parse::<Authority>().ok();
    parts.authority = authority.or(parts.authority);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::{Proxies, default_port, with_port};

    #[test]
    fn a_proxy_is_an_http_or_socks_url() {
        for (url, good) in [
            ("http://proxy.example:3128", true),
            ("https://user:word@proxy.example", true),
            ("proxy.example:3128", true),
            ("socks5h://proxy.example", true),
            ("socks4://proxy.example", false),
            ("ftp://proxy.example", false),
            ("http://", false),
            ("http://user:word@:3128", false),
            ("http://proxy.example:port", false),
            ("no proxy", false),
            ("", false),
        ] {
            assert_eq!(Proxies::of(url).is_ok(), good, "{url:?}");
        }
    }

    #[test]
    fn a_named_proxy_is_for_every_destination() {
        let proxies = Proxies::of("http://user:word@proxy.example:3128").unwrap();
        for to in [
            "http://127.0.0.1:1/",
            "https://api.example/",
            "http://localhost/",
        ] {
            let proxy = proxies.intercept(&to.parse().unwrap()).expect(to);
            assert_eq!(proxy.uri(), "http://proxy.example:3128/");
            assert_eq!(proxy.basic_auth().unwrap(), "Basic dXNlcjp3b3Jk");
        }
    }

    #[test]
    fn https_has_a_port_of_its_own() {
        for (uri, expected) in [("http://api.example/", 80), ("https://api.example/", 443)] {
            assert_eq!(default_port(&uri.parse().unwrap()), expected);
        }
    }

    #[test]
    fn a_missing_port_is_spelled_out() {
        for (uri, expected) in [
            ("http://api.example/a?b", "http://api.example:80/a?b"),
            ("http://api.example:81/", "http://api.example:81/"),
            ("http://[::1]/", "http://[::1]:80/"),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(with_port(&uri, 80).to_string(), expected);
        }
    }
}
