//! For other HTTP libraries: a header to send, and a verdict on the facts of the response.

use std::time::Duration;

use evertoken::{GiveBack, ResponseFacts};
use http::{HeaderMap, HeaderName, HeaderValue};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping, PyString};

use crate::failure::{Failure, exception};

/// Permission to send one request with the token. Its repr shows a fingerprint, never the value.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Authorization(pub(crate) evertoken::Authorization);

#[pymethods]
impl Authorization {
    /// The Authorization header's value.
    #[getter]
    fn value(&self) -> &str {
        self.0.value()
    }

    /// The token's number in this process; a later token has a higher one.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// The token's fingerprint: the first 8 hex digits of its SHA-256.
    #[getter]
    fn fingerprint(&self) -> String {
        self.0.fingerprint()
    }

    /// Whether this is for the one resend after a 401.
    #[getter]
    fn is_resend(&self) -> bool {
        self.0.is_resend()
    }

    fn __repr__(&self) -> String {
        let resend = if self.0.is_resend() { " resend" } else { "" };
        format!("<Authorization {}{resend}>", self.0.fingerprint())
    }
}

/// What the code that sent the request is to do about its response.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Verdict(evertoken::Verdict);

#[pymethods]
impl Verdict {
    /// "done": use the response. "resend": send the request again, once, with `authorization`. "give_back": return the 401.
    #[getter]
    fn action(&self) -> &'static str {
        match &self.0 {
            evertoken::Verdict::Done => "done",
            evertoken::Verdict::Resend(_) => "resend",
            evertoken::Verdict::GiveBack(_) => "give_back",
        }
    }

    /// For "resend": the authorization to send the request again with; else None.
    #[getter]
    fn authorization(&self) -> Option<Authorization> {
        match &self.0 {
            evertoken::Verdict::Resend(again) => Some(Authorization(again.clone())),
            _ => None,
        }
    }

    /// For "give_back": why the 401 was not healed, as in `AuthOutcome.reason`; else None.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.given_back().map(|why| why.reason.code())
    }

    /// The EvertokenError of the renewal, if one was made and failed; else None.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.given_back()
            .and_then(|why| why.error.as_ref())
            .map(|error| exception(py, error))
            .transpose()
    }

    fn __repr__(&self) -> String {
        match &self.0 {
            evertoken::Verdict::Resend(again) => {
                format!("<Verdict resend {}>", again.fingerprint())
            }
            evertoken::Verdict::GiveBack(why) => {
                format!("<Verdict give_back {}>", why.reason.code())
            }
            evertoken::Verdict::Done => "<Verdict done>".to_owned(),
        }
    }
}

impl Verdict {
    fn given_back(&self) -> Option<&GiveBack> {
        match &self.0 {
            evertoken::Verdict::GiveBack(why) => Some(why),
            _ => None,
        }
    }
}

/// The facts of a response, owned, because a verdict may have to be waited for.
pub(crate) struct Facts {
    status: u16,
    headers: HeaderMap,
    body_prefix: Vec<u8>,
    replayable: bool,
    timeout: Option<Duration>,
}

impl Facts {
    /// Headers and body are copied only for a 401: for any other response the status is enough.
    pub(crate) fn new(
        status: u16,
        headers: Option<&Bound<'_, PyAny>>,
        body: Option<&Bound<'_, PyBytes>>,
        replayable: bool,
        timeout: Option<Duration>,
    ) -> PyResult<Self> {
        let is_401 = status == 401;
        let headers = headers
            .filter(|headers| is_401 && !headers.is_none())
            .map(header_map)
            .transpose()?;
        let body_prefix = body
            .filter(|_| is_401)
            .map(|body| body.as_bytes().to_vec())
            .unwrap_or_default();
        Ok(Self {
            status,
            headers: headers.unwrap_or_default(),
            body_prefix,
            replayable,
            timeout,
        })
    }

    pub(crate) async fn judge(
        self,
        client: evertoken::Client,
        sent: evertoken::Authorization,
    ) -> Result<Verdict, Failure> {
        let facts = ResponseFacts {
            status: self.status,
            headers: &self.headers,
            body_prefix: &self.body_prefix,
            replayable: self.replayable,
            timeout: self.timeout,
        };
        Ok(Verdict(client.judge(&sent, facts).await))
    }
}

/// Headers from a mapping or from pairs. Invalid ones are skipped: they came from a server, and the caller cannot help it.
fn header_map(headers: &Bound<'_, PyAny>) -> PyResult<HeaderMap> {
    let mut map = HeaderMap::new();
    let pairs = match headers.cast::<PyMapping>() {
        Ok(mapping) => mapping.call_method0(intern!(headers.py(), "items"))?,
        Err(_) => headers.clone(),
    };
    for pair in pairs.try_iter()? {
        let (name, value) = pair?.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        let (Some(name), Some(value)) = (header_bytes(&name), header_bytes(&value)) else {
            continue;
        };
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            map.append(name, value);
        }
    }
    Ok(map)
}

/// The rest of a field counts even if some of it is no Unicode: aiohttp decodes Latin-1 to lone surrogates.
fn header_bytes(part: &Bound<'_, PyAny>) -> Option<String> {
    match part.cast::<PyBytes>() {
        Ok(bytes) => Some(String::from_utf8_lossy(bytes.as_bytes()).into_owned()),
        Err(_) => Some(part.cast::<PyString>().ok()?.to_string_lossy().into_owned()),
    }
}
