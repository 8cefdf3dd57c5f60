//! What the synchronous and the asynchronous client have in common: everything that never waits.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use evertoken::{ClientBuilder, Error};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::event::{Hooks, Subscription};
use crate::failure::{exception, raised};
use crate::log;
use crate::options::options;
use crate::token::timedelta;

/// What both clients have in common.
#[pyclass(subclass, frozen, module = "evertoken._native")]
pub(crate) struct BaseClient {
    pub(crate) client: evertoken::Client,
    /// The header as a Python string, beside the token it was made from: both change together.
    held: ArcSwapOption<Held>,
    hooks: Hooks,
}

struct Held {
    generation: u64,
    text: Py<PyString>,
}

impl BaseClient {
    pub(crate) fn new(py: Python<'_>, flow: &str, given: &Bound<'_, PyDict>) -> PyResult<Self> {
        log::install();
        let client = ClientBuilder::from_options(flow, options(given)?)
            .and_then(ClientBuilder::build)
            .map_err(|error| raised(py, &error))?;
        Ok(Self {
            client,
            held: ArcSwapOption::empty(),
            hooks: Hooks::default(),
        })
    }

    /// The header if nothing has to be asked for it: the fast path. The same object until the token changes.
    pub(crate) fn cached<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        let held = self.held.load();
        let held = held
            .as_ref()
            .filter(|held| self.client.still_fresh(held.generation))?;
        Some(held.text.bind(py).clone())
    }

    /// The header as a Python string, kept for [`Self::cached`].
    pub(crate) fn hold<'py>(
        &self,
        py: Python<'py>,
        authorization: &evertoken::Authorization,
    ) -> Bound<'py, PyString> {
        let generation = authorization.generation();
        let held = self
            .held
            .load_full()
            .filter(|held| held.generation == generation)
            .unwrap_or_else(|| {
                let held = Arc::new(Held {
                    generation,
                    text: PyString::new(py, authorization.value()).unbind(),
                });
                self.held.store(Some(Arc::clone(&held)));
                held
            });
        held.text.bind(py).clone()
    }

    pub(crate) fn close(&self) {
        self.client.close();
        self.held.store(None);
        self.hooks.clear();
    }
}

#[pymethods]
impl BaseClient {
    #[getter]
    fn identity(&self) -> &str {
        self.client.identity()
    }

    #[getter]
    fn base_url(&self) -> &str {
        self.client.base_url().as_str()
    }

    /// The deadline of a call that names none, in seconds.
    #[getter]
    fn timeout(&self) -> f64 {
        self.client.timeout().as_secs_f64()
    }

    fn resolve(&self, py: Python<'_>, url: &str) -> PyResult<String> {
        self.client
            .resolve(url)
            .map(String::from)
            .map_err(|error| raised(py, &error))
    }

    fn allows(&self, url: &str) -> bool {
        self.client
            .resolve(url)
            .is_ok_and(|url| self.client.check_origin(&url).is_ok())
    }

    fn state(&self) -> State {
        State(self.client.state())
    }

    fn stats(&self) -> Stats {
        Stats(self.client.stats())
    }

    fn reset(&self) {
        self.client.reset();
    }

    fn invalidate(&self) {
        self.client.invalidate();
    }

    fn on_event(&self, callback: Bound<'_, PyAny>) -> PyResult<Subscription> {
        if !callback.is_callable() {
            return Err(PyTypeError::new_err("callback must be callable"));
        }
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

/// Where an identity stands.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct State(evertoken::State);

#[pymethods]
impl State {
    #[getter]
    fn standing(&self) -> &'static str {
        self.0.standing.code()
    }

    #[getter]
    fn expires_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.expires_in)
    }

    #[getter]
    fn fingerprint(&self) -> Option<&str> {
        self.0.fingerprint.as_deref()
    }

    #[getter]
    fn via(&self) -> Option<&'static str> {
        self.0.via.map(evertoken::event::Via::code)
    }

    #[getter]
    fn last_error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0
            .last_error
            .as_ref()
            .map(|error| exception(py, error))
            .transpose()
    }

    #[getter]
    fn next_try_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.next_try_in)
    }

    fn __repr__(&self) -> String {
        let state = &self.0;
        let mut text = format!("<State {}", state.standing.code());
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
                    .map(|error: &Error| error.kind().code().to_owned()),
            ),
            (
                "next_try_in",
                state
                    .next_try_in
                    .map(|pause| format!("{:.1}s", pause.as_secs_f64())),
            ),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                text.push_str(&format!(" {name}={value}"));
            }
        }
        text + ">"
    }
}

/// Counters of an identity since its first use in this process.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Stats(evertoken::Stats);

macro_rules! counters {
    ($($name:ident),+) => {
        #[pymethods]
        impl Stats {
            $(#[getter]
            fn $name(&self) -> u64 {
                self.0.$name
            })+

            fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let dict = PyDict::new(py);
                $(dict.set_item(stringify!($name), self.0.$name)?;)+
                Ok(dict)
            }

            fn __repr__(&self) -> String {
                let mut text = String::from("<Stats");
                $(text.push_str(&format!(" {}={}", stringify!($name), self.0.$name));)+
                text + ">"
            }
        }
    };
}

counters!(
    tokens_served,
    flights,
    failures,
    logins,
    refreshes,
    refused,
    resends,
    given_back,
    waiting
);
