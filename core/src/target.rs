//! The URL of a request, which is read only if something about it must be known.

use std::borrow::Cow;
use std::sync::OnceLock;

use url::Url;

use crate::origin::{Origins, bare_host, is_plain};

/// The URL of a request. Most are in normal form already, and their text is enough to send a request. To read one and put it
/// together again would take a twelfth of a small request's instructions.
#[derive(Clone)]
pub(crate) struct Target {
    text: String,
    /// Set once it was read.
    url: OnceLock<Url>,
}

impl Target {
    /// A URL that need not be read: in normal form, and with an origin that may receive the token. `base` is the text of the base
    /// URL, to which a path is appended, as [`resolve`](crate::origin::resolve) does.
    pub(crate) fn plain(origins: &Origins, base: &str, text: &str) -> Option<Self> {
        let text = if text.starts_with('/') {
            (!text.starts_with("//") && is_plain(text)).then(|| [base, text].concat())
        } else {
            origins.plain(text).map(|_| text.to_owned())
        };
        let url = OnceLock::new();
        text.map(|text| Self { text, url })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        let read = || Url::parse(&self.text).expect("a URL in normal form");
        self.url.get_or_init(read)
    }

    /// The host as error messages name it.
    pub(crate) fn host(&self) -> &str {
        bare_host(self.url().host_str())
    }

    /// The text without user name and password, which a redirect may bring, and which do not belong in a request line.
    pub(crate) fn without_credentials(&self) -> Cow<'_, str> {
        match self.url.get() {
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                let mut url = url.clone();
                let _ = url.set_username("");
                let _ = url.set_password(None);
                Cow::Owned(url.into())
            }
            _ => Cow::Borrowed(&self.text),
        }
    }
}

impl From<Url> for Target {
    fn from(url: Url) -> Self {
        Self {
            text: url.as_str().to_owned(),
            url: url.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::Target;
    use crate::origin::{Origin, Origins, plain_base, resolve};

    const BASES: [&str; 4] = [
        "https://api.example",
        "https://api.example/v1//",
        "http://127.0.0.1:8080/a/b?c=d#e",
        "http://[::1]/",
    ];

    fn plain(base: &Url, text: &str) -> Option<Target> {
        let origins = Origins::new(vec![Origin::of(base).unwrap()]);
        Target::plain(&origins, &plain_base(base), text)
    }

    #[test]
    fn a_path_or_url_in_normal_form_is_not_read() {
        for base in BASES.map(|base| Url::parse(base).unwrap()) {
            let absolute = base.join("/x/y?z").unwrap();
            for text in [
                "/",
                "/accounts/123",
                "/a-b_c~d.e/x:y,z;k=1+2@3?page=2&q=%41/../",
                "/a//b?",
                absolute.as_str(),
            ] {
                let target = plain(&base, text).unwrap();
                assert!(target.url.get().is_none());
                assert_eq!(target.as_str(), resolve(&base, text).unwrap().as_str());
                assert_eq!(target.url().as_str(), target.as_str());
            }
        }
    }

    #[test]
    fn what_a_reader_would_change_or_refuse_is_read() {
        let base = Url::parse(BASES[0]).unwrap();
        for text in [
            "",
            "a",
            "?page=2",
            "//evil.example/x",
            "/\\evil.example",
            "/a/../b",
            "/a/.",
            "/%61",
            "/a b",
            "/\u{fc}",
            "/a#b",
            "/a?b#c",
            "/a?'b'",
            "/a?\"b\"",
            "/a?<b>",
            "/a?\u{fc}",
            "/a\r\nb",
            "/a?b\r\nc",
            "https://evil.example/a",
            "https://user:word@api.example/a",
        ] {
            assert!(plain(&base, text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_request_line_has_no_credentials() {
        for (url, expected) in [
            (
                "https://user:word@api.example/a?b",
                "https://api.example/a?b",
            ),
            ("https://user@api.example/", "https://api.example/"),
            ("https://api.example/@", "https://api.example/@"),
        ] {
            let target = Target::from(Url::parse(url).unwrap());
            assert_eq!(target.without_credentials(), expected);
            assert_eq!(target.as_str(), url);
        }
    }

    proptest! {
        #[test]
        fn what_is_not_read_is_what_reading_makes_of_it(
            base in prop::sample::select(BASES.to_vec()),
            text in "(/|https://api.example/|http://127.0.0.1:8080/)?[ -~\u{fc}\r]{0,12}",
        ) {
            let base = Url::parse(base).unwrap();
            if let Some(target) = plain(&base, &text) {
                let resolved = resolve(&base, &text).unwrap();
                prop_assert_eq!(target.as_str(), resolved.as_str());
                prop_assert!(Origin::of(&base).unwrap().contains(&resolved));
            }
        }
    }
}
