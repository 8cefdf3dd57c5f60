//! The state of an identity, and its counters.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::failure::exception;
use crate::token::timedelta;

/// The state of an identity.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct State(pub(crate) evertoken::State);

#[pymethods]
impl State {
    /// "fresh", "soft" (valid, and due for renewal), "expired", "none" (no token yet) or "locked_out" (credentials rejected).
    #[getter]
    fn standing(&self) -> &'static str {
        self.0.standing.code()
    }

    /// The token's remaining lifetime, a timedelta; None if there is no token, or it is valid until refused.
    #[getter]
    fn expires_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.expires_in)
    }

    /// The token's fingerprint: the first 8 hex digits of its SHA-256.
    #[getter]
    fn fingerprint(&self) -> Option<&str> {
        self.0.fingerprint.as_deref()
    }

    /// How the token was obtained: "login", "refresh" or "store"; None without a token.
    #[getter]
    fn via(&self) -> Option<&'static str> {
        self.0.via.map(evertoken::event::Via::code)
    }

    /// The last failure, an EvertokenError; None if a token was obtained since.
    #[getter]
    fn last_error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .last_error
            .as_ref()
            .map(|error| exception(py, error))
            .transpose()
    }

    /// How long no token request will be made, a timedelta; None if one may be made now.
    #[getter]
    fn next_try_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.next_try_in)
    }

    fn __repr__(&self) -> String {
        let state = &self.0;
        let fields = [
            ("token", state.fingerprint.clone()),
            (
                "expires_in",
                state.expires_in.map(|left| format!("{}s", left.as_secs())),
            ),
            (
                "last_error",
                state
                    .last_error
                    .as_ref()
                    .map(|error| error.kind().code().to_owned()),
            ),
            (
                "next_try_in",
                state
                    .next_try_in
                    .map(|pause| format!("{:.1}s", pause.as_secs_f64())),
            ),
        ];
        let texts = fields.map(|(name, value)| {
            value.map_or_else(String::new, |value| format!(" {name}={value}"))
        });
        format!("<State {}{}>", state.standing.code(), texts.concat())
    }
}

/// Counters of an identity since its first use in this process.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Stats(pub(crate) evertoken::Stats);

macro_rules! counters {
    ($(#[doc = $doc:literal] $name:ident),+ $(,)?) => {
        #[pymethods]
        impl Stats {
            $(#[doc = $doc]
            #[getter]
            fn $name(&self) -> u64 {
                self.0.$name
            })+

            /// All counters by name.
            fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let dict = PyDict::new(py);
                $(dict.set_item(stringify!($name), self.0.$name)?;)+
                Ok(dict)
            }

            fn __repr__(&self) -> String {
                let counters = [$((stringify!($name), self.0.$name)),+];
                let texts = counters.map(|(name, count)| format!(" {name}={count}"));
                format!("<Stats{}>", texts.concat())
            }
        }
    };
}

counters! {
    /// Tokens returned by `token`, and headers that were not cached.
    tokens_served,
    /// Token requests made; several attempts of one count once.
    flights,
    /// Token requests that ended without a token.
    failures,
    /// Logins that returned a token.
    logins,
    /// Refreshes that returned a token.
    refreshes,
    /// 401 responses that were judged.
    refused,
    /// Requests sent again after a 401.
    resends,
    /// 401s returned to their caller.
    given_back,
    /// Callers that are waiting for a token now.
    waiting,
}
