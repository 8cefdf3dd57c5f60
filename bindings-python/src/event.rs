//! Events, and the callables that are called with them.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::exit;
use crate::failure::exception;
use crate::token::timedelta;

/// Something that happened to an identity.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Event(evertoken::Event);

impl From<evertoken::Event> for Event {
    fn from(event: evertoken::Event) -> Self {
        Self(event)
    }
}

#[pymethods]
impl Event {
    /// What happened.
    ///
    /// "flight_started": a token request is about to be made. "token_installed": there is a new token. "flight_failed": the token
    /// request failed; the old token is used as long as it is valid. "refused": an API refused a token with 401. "resent": a
    /// request is sent again. "given_back": a 401 is returned to its caller. "locked_out": the credentials were rejected.
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The identity, without secrets.
    #[getter]
    fn identity(&self) -> &str {
        &self.0.identity
    }

    /// The fingerprint of the token that the event is about.
    #[getter]
    fn fingerprint(&self) -> Option<&str> {
        self.0.fingerprint()
    }

    /// For "token_installed": how the token was obtained, "login", "refresh" or "store"; else None.
    #[getter]
    fn via(&self) -> Option<&'static str> {
        self.0.via().map(evertoken::event::Via::code)
    }

    /// For "token_installed": the new token's lifetime, a timedelta; None if it is valid until refused.
    #[getter]
    fn expires_in<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.expires_in())
    }

    /// For "flight_failed" and "locked_out": the failure, an EvertokenError; else None.
    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.error().map(|error| exception(py, error)).transpose()
    }

    /// For "given_back": why the 401 was not healed, as in `AuthOutcome.reason`; else None.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.0.reason().map(evertoken::verdict::Reason::code)
    }

    /// For "locked_out": how long no login will be made, a timedelta; else None.
    #[getter]
    fn pause<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        timedelta(py, self.0.pause())
    }

    fn __repr__(&self) -> String {
        let detail = self
            .0
            .via()
            .map(evertoken::event::Via::code)
            .or_else(|| self.0.reason().map(evertoken::verdict::Reason::code))
            .or_else(|| self.0.error().map(|error| error.kind().code()));
        let detail = detail.map_or_else(String::new, |detail| format!(":{detail}"));
        let token = self
            .0
            .fingerprint()
            .map_or_else(String::new, |print| format!(" token {print}"));
        format!(
            "<Event {}{detail} [{}]{token}>",
            self.0.name(),
            self.0.identity
        )
    }
}

/// A callable, and its subscription in the core.
struct Hook {
    callback: Py<PyAny>,
    /// Set after it is made, because the core's listener refers to this hook. Dropping it ends the subscription.
    subscription: OnceLock<evertoken::Subscription>,
}

/// The callables of one client. The core's listeners hold them weakly, and the garbage collector finds them here: so a
/// callable that refers to its client does not keep both alive for ever.
#[derive(Default)]
pub(crate) struct Hooks(Arc<Mutex<Vec<Arc<Hook>>>>);

impl Hooks {
    fn list(&self) -> MutexGuard<'_, Vec<Arc<Hook>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, client: &evertoken::Client, callback: Py<PyAny>) -> Subscription {
        let hook = Arc::new(Hook {
            callback,
            subscription: OnceLock::new(),
        });
        let heard = Arc::downgrade(&hook);
        let subscription = client.on_event(move |event| {
            if let Some(hook) = heard.upgrade() {
                exit::attach(|py| hook.call(py, event));
            }
        });
        let _ = hook.subscription.set(subscription);
        let handle = Subscription {
            hooks: Arc::downgrade(&self.0),
            hook: Arc::downgrade(&hook),
        };
        self.list().push(hook);
        handle
    }

    /// Ends every subscription. The callables are dropped without the lock, because that may run any code.
    pub(crate) fn clear(&self) {
        let hooks = std::mem::take(&mut *self.list());
        drop(hooks);
    }

    pub(crate) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A list that is being changed is in use, and so are its callables: none of them is garbage.
        let Ok(hooks) = self.0.try_lock() else {
            return Ok(());
        };
        hooks.iter().try_for_each(|hook| visit.call(&hook.callback))
    }
}

impl Hook {
    /// What the callable raises goes to `sys.unraisablehook`.
    fn call(&self, py: Python<'_>, event: &evertoken::Event) {
        let outcome =
            Py::new(py, Event(event.clone())).and_then(|event| self.callback.call1(py, (event,)));
        if let Err(error) = outcome {
            error.write_unraisable(py, Some(self.callback.bind(py)));
        }
    }
}

/// A callable's subscription to the events of an identity. Ended by `close`, by leaving its `with` block, or with its client.
#[pyclass(frozen, module = "evertoken")]
pub(crate) struct Subscription {
    hooks: Weak<Mutex<Vec<Arc<Hook>>>>,
    hook: Weak<Hook>,
}

#[pymethods]
impl Subscription {
    /// Ends it.
    fn close(&self) {
        let (Some(hooks), Some(hook)) = (self.hooks.upgrade(), self.hook.upgrade()) else {
            return;
        };
        hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|other| !Arc::ptr_eq(other, &hook));
    }

    /// Whether it has ended.
    #[getter]
    fn closed(&self) -> bool {
        self.hook.strong_count() == 0
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exc))]
    fn __exit__(&self, _exc: &Bound<'_, pyo3::types::PyTuple>) {
        self.close();
    }

    fn __repr__(&self) -> &'static str {
        if self.closed() {
            "<Subscription closed>"
        } else {
            "<Subscription>"
        }
    }
}
