//! The Authorization header as a Python string: one object per token, found in a few nanoseconds.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use evertoken::{Authorization, Freshness};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A client's header and the generation of its token, replaced together.
#[derive(Default)]
pub(crate) struct Header(ArcSwapOption<Made>);

struct Made {
    generation: u64,
    text: Py<PyString>,
}

impl Header {
    /// The header's string; the same object for the same token.
    pub(crate) fn text<'py>(
        &self,
        py: Python<'py>,
        authorization: &Authorization,
    ) -> Bound<'py, PyString> {
        let generation = authorization.generation();
        let made = self
            .0
            .load_full()
            .filter(|made| made.generation == generation);
        let made = made.unwrap_or_else(|| {
            let text = PyString::new(py, authorization.value()).unbind();
            let made = Arc::new(Made { generation, text });
            self.0.store(Some(Arc::clone(&made)));
            made
        });
        made.text.bind(py).clone()
    }

    pub(crate) fn forget(&self) {
        self.0.store(None);
    }
}

/// The header that a thread was given last, whose it is, and how to check that it is still valid.
struct Seen {
    client: u64,
    freshness: Freshness,
    text: Py<PyString>,
}

thread_local! {
    /// Takes no lock, no reference count, and no write to memory that threads share.
    static LAST: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// A number for a client, unique in this process.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The header that this thread was given last, if it is this client's and `is_valid` says so.
pub(crate) fn seen_last(
    py: Python<'_>,
    client: u64,
    is_valid: impl FnOnce(&mut Freshness) -> bool,
) -> Option<Bound<'_, PyString>> {
    LAST.with_borrow_mut(|last| {
        let last = last.as_mut()?;
        (last.client == client && is_valid(&mut last.freshness)).then(|| last.text.bind(py).clone())
    })
}

/// Keeps the header that this thread is given now.
pub(crate) fn see(client: u64, freshness: Freshness, text: Py<PyString>) {
    let seen = Seen {
        client,
        freshness,
        text,
    };
    // Dropped only when `LAST` is no longer borrowed: dropping a Python object may run code that comes here again.
    let before = LAST.replace(Some(seen));
    drop(before);
}
