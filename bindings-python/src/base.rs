//! What the synchronous and the asynchronous client have in common: everything that never waits.

use std::ffi::CString;
use std::path::PathBuf;

use evertoken::{ClientBuilder, Options, ResponseFacts, profile};
use futures_util::FutureExt;
use http::HeaderMap;
use pyo3::exceptions::{PyTypeError, PyUserWarning};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::authorization::Authorization;
use crate::event::{Hooks, Subscription};
use crate::exit;
use crate::failure::raised;
use crate::header::{self, Header};
use crate::log;
use crate::options::{fill, line};
use crate::state::{State, Stats};
use crate::telemetry;

/// What both clients have in common.
#[pyclass(subclass, frozen, weakref, module = "evertoken._native")]
pub(crate) struct BaseClient {
    pub(crate) client: evertoken::Client,
    id: u64,
    header: Header,
    hooks: Hooks,
}

/// A profile's name, and its file if that is not to be searched for.
pub(crate) type Place = (String, Option<PathBuf>);

/// The error for a program that calls the class instead of one of its constructors.
fn not_a_constructor() -> PyErr {
    PyTypeError::new_err(
        "a client is made by pismo(), passkit(), wso2(), password(), client_credentials(), json_login() or from_profile() of its class",
    )
}

impl BaseClient {
    /// A client for the flow of this name, or for a profile, whose options the given ones override.
    pub(crate) fn new(
        py: Python<'_>,
        flow: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyAny>>,
        profile: Option<Place>,
        others: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let (None, Some(given)) = (
            others,
            options.and_then(|given| given.cast::<PyDict>().ok()),
        ) else {
            return Err(not_a_constructor());
        };
        log::install();
        telemetry::install();
        let builder = match (flow, profile) {
            (Some(flow), None) => {
                let mut options = Options::new();
                fill(&mut options, given)?;
                ClientBuilder::from_options(&flow.extract::<String>()?, options)
            }
            (None, Some((name, path))) => {
                // Without the GIL: a profile may run a command that prints a secret.
                let mut profile = exit::leave(py, || profile::load(&name, path.as_deref()))
                    .map_err(|error| raised(py, &error))?;
                for warning in &profile.warnings {
                    warn(py, warning)?;
                }
                fill(&mut profile.options, given)?;
                profile.builder()
            }
            _ => return Err(not_a_constructor()),
        };
        let client = builder
            .and_then(ClientBuilder::build)
            .map_err(|error| raised(py, &error))?;
        Ok(Self {
            client,
            id: header::next_id(),
            header: Header::default(),
            hooks: Hooks::default(),
        })
    }

    /// The fast path: the header, if it is cached. The same object until the token changes.
    pub(crate) fn cached<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        header::seen_last(py, self.id, |freshness| self.client.holds(freshness))
            .or_else(|| self.look(py))
    }

    /// As [`Self::cached`], for a thread whose own copy is missing or no longer valid.
    #[cold]
    #[inline(never)]
    fn look<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        let (authorization, freshness) = self.client.freshness()?;
        let text = self.header.text(py, &authorization);
        header::see(self.id, freshness, text.clone().unbind());
        Some(text)
    }

    /// The header as a Python string: the same object for the same token.
    pub(crate) fn text<'py>(
        &self,
        py: Python<'py>,
        authorization: &evertoken::Authorization,
    ) -> Bound<'py, PyString> {
        self.header.text(py, authorization)
    }

    pub(crate) fn close(&self) {
        self.client.close();
        self.header.forget();
        self.hooks.clear();
    }
}

/// Warns through the standard `warnings`, attributed to the caller of `from_profile`.
fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    let text = CString::new(text.replace('\0', ""))?;
    PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 2)
}

#[pymethods]
impl BaseClient {
    /// Whose token it is, without secrets: for logs.
    #[getter]
    fn identity(&self) -> &str {
        self.client.identity()
    }

    /// The API's URL: relative URLs are below it, and its origin may receive the token.
    #[getter]
    fn base_url(&self) -> &str {
        self.client.base_url().as_str()
    }

    /// The deadline of calls that set none of their own, in seconds.
    #[getter]
    fn timeout(&self) -> f64 {
        self.client.timeout().as_secs_f64()
    }

    /// The absolute URL for `url`, which may be relative to the base URL.
    fn resolve(&self, url: &Bound<'_, PyString>) -> PyResult<String> {
        self.client
            .resolve(&line("url", url)?)
            .map(String::from)
            .map_err(|error| raised(url.py(), &error))
    }

    /// Whether the token may go to this URL.
    fn allows(&self, url: &str) -> bool {
        self.client
            .resolve(url)
            .is_ok_and(|url| self.client.check_origin(&url).is_ok())
    }

    /// For adapters: permission to send one request; None if that would take waiting.
    fn _authorize_now(&self, url: &Bound<'_, PyString>) -> PyResult<Option<Authorization>> {
        let Ok(text) = url.to_str() else {
            // Not valid Unicode: the same error as from the calls that wait.
            return line("url", url).map(|_| None);
        };
        self.client
            .authorize_now(text)
            .map(|leave| leave.map(Authorization))
            .map_err(|error| raised(url.py(), &error))
    }

    /// For adapters: the same authorization for a request to another URL of the same origin.
    fn _for_url(
        &self,
        authorization: &Bound<'_, Authorization>,
        url: &Bound<'_, PyString>,
    ) -> PyResult<Authorization> {
        let resolved = self.client.resolve(&line("url", url)?);
        let resolved = resolved.map_err(|error| raised(url.py(), &error))?;
        Ok(Authorization(authorization.get().0.for_url(&resolved)))
    }

    /// For adapters: reports a response other than a 401, which needs no verdict. Returns whether an API has accepted the token:
    /// then further such responses need not be reported.
    fn _accepted(&self, authorization: &Bound<'_, Authorization>, status: u16) -> bool {
        debug_assert_ne!(status, 401);
        let sent = &authorization.get().0;
        let headers = HeaderMap::new();
        let seen = ResponseFacts {
            status,
            headers: &headers,
            body_prefix: &[],
            replayable: true,
            timeout: None,
        };
        let _ = self.client.judge(sent, seen).now_or_never();
        sent.is_accepted()
    }

    /// The identity's state. Makes no request and never waits.
    fn state(&self) -> State {
        State(self.client.state())
    }

    /// Counters of the identity since its first use in this process.
    fn stats(&self) -> Stats {
        Stats(self.client.stats())
    }

    /// Ends all pauses after failures (rejected logins, `Retry-After`, futile renewals). Call it once the cause is fixed.
    fn reset(&self) {
        self.client.reset();
    }

    /// Marks the current token as refused, so that the next call renews it.
    fn invalidate(&self) {
        self.client.invalidate();
    }

    /// Calls `callback` with every event of the identity until the subscription or the client is closed.
    ///
    /// It runs on the thread that caused the event, with no lock held, and must not block on this library: a blocking call inside it
    /// raises InternalError. Its exceptions go to `sys.unraisablehook` and affect nothing else.
    ///
    /// Raises:
    ///     ClosedError: The client is closed, and there would be no events.
    ///
    /// >>> names = []
    /// >>> with client.on_event(lambda event: names.append(event.name)):
    /// ...     client.invalidate()
    /// ...     token = client.token()
    /// >>> ", ".join(names)
    /// 'flight_started, token_installed'
    fn on_event(&self, callback: Bound<'_, PyAny>) -> PyResult<Subscription> {
        if !callback.is_callable() {
            return Err(PyTypeError::new_err("callback must be callable"));
        }
        self.client
            .check_open()
            .map_err(|error| raised(callback.py(), &error))?;
        Ok(self.hooks.add(&self.client, callback.unbind()))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let client = &slf.get().client;
        let state = client.state();
        let token = state
            .fingerprint
            .map_or_else(|| "no token".to_owned(), |print| format!("token {print}"));
        Ok(format!(
            "<evertoken.{} {} ({token}, {})>",
            slf.get_type().name()?,
            client.identity(),
            state.standing.code()
        ))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(PyTypeError::new_err(format!(
            "cannot pickle or copy {}: it holds credentials and connections; pass its options on and make a client from them there",
            slf.get_type().name()?
        )))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.hooks.traverse(visit)
    }

    fn __clear__(&self) {
        self.hooks.clear();
    }
}
