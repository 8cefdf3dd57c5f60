//! A token as Python sees it.

use std::time::{Duration, UNIX_EPOCH};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::IntoPyDict;

/// The end of the year 9999, beyond which there is no `datetime`, less a day as a margin for rounding.
const LATEST: Duration = Duration::from_secs(253_402_214_400);
/// `timedelta.max`, rounded down: 999,999,999 days.
const LONGEST: Duration = Duration::from_secs(999_999_999 * 86_400);

/// A token and what is known about it. Its repr shows a fingerprint, never the value.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Token {
    token: evertoken::Token,
    claims: PyOnceLock<Py<PyAny>>,
}

impl From<evertoken::Token> for Token {
    fn from(token: evertoken::Token) -> Self {
        Self {
            token,
            claims: PyOnceLock::new(),
        }
    }
}

#[pymethods]
impl Token {
    /// The token itself.
    #[getter]
    fn value(&self) -> &str {
        self.token.value()
    }

    /// When it expires, by this machine's clock: an aware datetime in UTC. None if it is valid until refused.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static DATETIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let Some(at) = self.token.expires_at() else {
            return Ok(None);
        };
        let utc = UTC.get_or_try_init(py, || {
            let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
            Ok::<_, PyErr>(utc.unbind())
        })?;
        let datetime = DATETIME.import(py, "datetime", "datetime")?;
        let since_1970 = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since_1970 < LATEST {
            return datetime
                .call_method1(
                    intern!(py, "fromtimestamp"),
                    (since_1970.as_secs_f64(), utc),
                )
                .map(Some);
        }
        let with_zone = [("tzinfo", utc)].into_py_dict(py)?;
        datetime
            .getattr(intern!(py, "max"))?
            .call_method(intern!(py, "replace"), (), Some(&with_zone))
            .map(Some)
    }

    /// Its remaining lifetime when it was returned, a timedelta; None if it is valid until refused.
    #[getter]
    fn expires_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.token.expires_in())
    }

    /// The granted scopes, separated by spaces; None if the server did not say.
    #[getter]
    fn scope(&self) -> Option<&str> {
        self.token.scope()
    }

    /// The claims of a JWT, not verified; None if the token is not a JWT that can be decoded.
    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(claims) = self.claims.get(py) {
            return Ok(claims.bind(py).clone());
        }
        let claims = match self.token.claims() {
            Some(claims) => loads(py, &claims.to_string())?,
            None => py.None().into_bound(py),
        };
        Ok(self
            .claims
            .get_or_init(py, || claims.unbind())
            .bind(py)
            .clone())
    }

    /// The first 8 hex digits of its SHA-256, for logs.
    #[getter]
    fn fingerprint(&self) -> String {
        self.token.fingerprint()
    }

    /// How it was obtained: "login", "refresh" or "store".
    #[getter]
    fn via(&self) -> &'static str {
        self.token.via().code()
    }

    fn __repr__(&self) -> String {
        let life = self
            .token
            .expires_in()
            .map_or_else(|| "never".to_owned(), |left| format!("{}s", left.as_secs()));
        let scope = self
            .token
            .scope()
            .map_or_else(String::new, |scope| format!(" scope={scope:?}"));
        format!(
            "<Token {} expires_in={life}{scope}>",
            self.token.fingerprint()
        )
    }
}

/// A `timedelta`, at most `timedelta.max`.
pub(crate) fn timedelta(
    py: Python<'_>,
    duration: Option<Duration>,
) -> PyResult<Option<Bound<'_, PyAny>>> {
    static TIMEDELTA: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(duration) = duration else {
        return Ok(None);
    };
    let timedelta = TIMEDELTA.import(py, "datetime", "timedelta")?;
    if duration >= LONGEST {
        return timedelta.getattr(intern!(py, "max")).map(Some);
    }
    timedelta
        .call1((0, duration.as_secs(), duration.subsec_micros()))
        .map(Some)
}

/// A Python object from JSON text.
pub(crate) fn loads<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOADS.import(py, "json", "loads")?.call1((json,))
}
