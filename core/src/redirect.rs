//! The request that a redirect asks for (RFC 9110 §15.4). Pure.

use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, COOKIE,
    LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method};
use url::Url;

use crate::origin::Origin;

/// More hops are taken for a loop.
pub(crate) const HOPS_MAX: u32 = 10;

/// The request that a redirect asks for.
#[derive(Debug, PartialEq)]
pub struct Next {
    /// GET if the status changes the method (RFC 9110 §15.4.2 to §15.4.4), else the same.
    pub method: Method,
    /// The new URL, http or https.
    pub url: Url,
    /// Whether the body, and the headers that describe it, are dropped.
    pub drops_body: bool,
    /// Whether the new URL has another origin, so that what the caller set for the first origin is dropped.
    pub crosses_origin: bool,
}

/// The next request; `None` if the response is not a redirect that can be followed.
pub fn next(method: &Method, from: &Url, status: u16, headers: &HeaderMap) -> Option<Next> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
    let url = from.join(location).ok()?;
    let (there, here) = (Origin::of(&url)?, Origin::of(from)?);
    // With 301 and 302 a POST becomes a GET, as in every browser; with 303 everything but HEAD does.
    let to_get = match status {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    };
    Some(Next {
        method: if to_get { Method::GET } else { method.clone() },
        url,
        drops_body: to_get,
        crosses_origin: there != here,
    })
}

/// Removes headers that the caller set for one origin and that must not reach another.
pub(crate) fn drop_credentials(headers: &mut HeaderMap) {
    for name in [COOKIE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
}

/// Removes headers that describe a body which is no longer sent.
pub(crate) fn drop_content(headers: &mut HeaderMap) {
    for name in [
        CONTENT_TYPE,
        CONTENT_LENGTH,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LOCATION,
        TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::header::LOCATION;
    use http::{HeaderMap, Method};
    use url::Url;

    use super::next;

    #[test]
    fn method_body_and_origin_follow_the_status() {
        let from = Url::parse("https://api.example/a/b").unwrap();
        for (method, status, location, expected) in [
            (
                Method::GET,
                301,
                "/c",
                Some((Method::GET, "https://api.example/c", false, false)),
            ),
            (
                Method::POST,
                301,
                "c",
                Some((Method::GET, "https://api.example/a/c", true, false)),
            ),
            (
                Method::POST,
                302,
                "//other.example/",
                Some((Method::GET, "https://other.example/", true, true)),
            ),
            (
                Method::PUT,
                302,
                "/c",
                Some((Method::PUT, "https://api.example/c", false, false)),
            ),
            (
                Method::PUT,
                303,
                "/c",
                Some((Method::GET, "https://api.example/c", true, false)),
            ),
            (
                Method::HEAD,
                303,
                "/c",
                Some((Method::HEAD, "https://api.example/c", false, false)),
            ),
            (
                Method::POST,
                307,
                "http://api.example/c",
                Some((Method::POST, "http://api.example/c", false, true)),
            ),
            (
                Method::POST,
                308,
                "https://api.example:444/",
                Some((Method::POST, "https://api.example:444/", false, true)),
            ),
            (Method::GET, 304, "/c", None),
            (Method::GET, 302, "ftp://api.example/", None),
            (Method::GET, 200, "/c", None),
        ] {
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            let got = next(&method, &from, status, &headers);
            let got = got.as_ref().map(|next| {
                (
                    next.method.clone(),
                    next.url.as_str(),
                    next.drops_body,
                    next.crosses_origin,
                )
            });
            assert_eq!(got, expected, "{method} {status} {location}");
        }
        assert!(next(&Method::GET, &from, 302, &HeaderMap::new()).is_none());
    }
}
