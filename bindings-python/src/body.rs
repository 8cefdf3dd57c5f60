//! Request bodies: bytes without a copy, iterables piece by piece, asynchronous ones through a feed.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use evertoken::http::{Payload, rewindable, streaming};
use futures_util::Stream;
use futures_util::stream::unfold;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyIterator, PyString};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bridge::start;
use crate::exit;
use crate::failure::{Failure, panicked};
use crate::wait::{handle, wait_shared};

/// How many pieces are read ahead: enough to keep the network busy, few enough to hold back a fast source.
const FEED_PIECES: usize = 4;

/// The exception that the caller's own code raised while its body was read.
#[derive(Clone, Default)]
pub(crate) struct SourceError(Arc<Mutex<Option<PyErr>>>);

impl SourceError {
    fn note(&self, error: PyErr) -> std::io::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        std::io::Error::other("the body's source failed")
    }

    /// The caller's exception, if there is one, because it caused `failure`; else `failure`.
    pub(crate) fn or(&self, failure: Failure) -> Failure {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map_or(failure, Failure::Python)
    }
}

/// The body of a request that is about to be sent.
pub(crate) struct Body {
    pub(crate) payload: Payload,
    pub(crate) source_error: SourceError,
    /// The source that has to be read while the request is sent.
    pub(crate) pump: Option<Pump>,
}

/// The body that the package has prepared: `None`, bytes, a [`Feed`], or an iterable of bytes, which can be iterated again if it
/// is `replayable`.
pub(crate) fn body(given: &Bound<'_, PyAny>, replayable: bool) -> PyResult<Body> {
    let source_error = SourceError::default();
    let mut pump = None;
    let payload = if given.is_none() {
        Payload::Empty
    } else if let Ok(bytes) = given.cast::<PyBytes>() {
        Payload::Bytes(Bytes::from_owner(PyBackedBytes::from(bytes.clone())))
    } else if let Ok(feed) = given.cast::<Feed>() {
        streaming(received(feed.get().take()?, source_error.clone()))
    } else if replayable {
        let (source, source_error) = (Arc::new(given.clone().unbind()), source_error.clone());
        rewindable(move || pieces(Source::Iterable(Arc::clone(&source)), source_error.clone()))
    } else {
        let (into, from) = channel(FEED_PIECES);
        let source = given.try_iter()?.unbind();
        pump = Some(Pump { source, into });
        streaming(received(from, source_error.clone()))
    };
    Ok(Body {
        payload,
        source_error,
        pump,
    })
}

enum Source {
    Iterable(Arc<Py<PyAny>>),
    Iterator(Py<PyIterator>),
}

/// The pieces of an iterable that can be iterated again. A blocking call reads them on its own thread, an
/// asynchronous one on the runtime's threads for blocking work.
fn pieces(
    source: Source,
    source_error: SourceError,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    unfold(Some((source, source_error)), |state| async move {
        let (source, source_error) = state?;
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return read_piece(source, source_error);
        }
        let read = tokio::task::spawn_blocking(move || read_piece(source, source_error));
        read.await.unwrap_or_else(|_| {
            let error = std::io::Error::other("the body's source failed");
            Some((Err(error), None))
        })
    })
}

type Read = Option<(std::io::Result<Bytes>, Option<(Source, SourceError)>)>;

fn read_piece(source: Source, source_error: SourceError) -> Read {
    exit::attach(|py| match next_piece(py, source) {
        Ok(Some((piece, source))) => Some((Ok(piece), Some((source, source_error)))),
        Ok(None) => None,
        Err(error) => Some((Err(source_error.note(error)), None)),
    })
    .flatten()
}

fn next_piece(py: Python<'_>, source: Source) -> PyResult<Option<(Bytes, Source)>> {
    let mut iterator = match source {
        Source::Iterable(iterable) => iterable.bind(py).try_iter()?,
        Source::Iterator(iterator) => iterator.into_bound(py),
    };
    let Some(piece) = iterator.next().transpose()? else {
        return Ok(None);
    };
    Ok(Some((
        bytes_of(&piece)?,
        Source::Iterator(iterator.unbind()),
    )))
}

fn bytes_of(piece: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(text) = piece.cast::<PyString>() {
        return Ok(Bytes::from_owner(OwnedText(PyBackedStr::try_from(
            text.clone(),
        )?)));
    }
    let bytes = piece
        .extract::<PyBackedBytes>()
        .map_err(|_| PyTypeError::new_err("a body must be made of bytes or str"))?;
    Ok(Bytes::from_owner(bytes))
}

struct OwnedText(PyBackedStr);

impl AsRef<[u8]> for OwnedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

type Piece = Result<Bytes, PyErr>;

/// The pieces that come through a channel.
fn received(
    from: Receiver<Piece>,
    source_error: SourceError,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    unfold(
        (from, source_error),
        |(mut from, source_error)| async move {
            let piece = from.recv().await?.map_err(|error| source_error.note(error));
            Some((piece, (from, source_error)))
        },
    )
}

/// A source that can be read once. It is read outside the runtime, because it may itself make calls of this library: one API's
/// response may be the body for another.
pub(crate) struct Pump {
    source: Py<PyIterator>,
    into: Sender<Piece>,
}

impl Pump {
    /// Reads the source on this thread, the caller's, while `call` runs on the library's runtime.
    pub(crate) fn drive<T, F>(self, py: Python<'_>, call: F) -> PyResult<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let Self { source, into } = self;
        let (failing, failed) = watch::channel(false);
        let mut call = AbortOnDrop(handle(py)?.spawn(async move {
            let outcome = call.await;
            failing.send_replace(outcome.is_err());
            outcome
        }));
        for piece in source.into_bound(py) {
            let piece = bytes_of(&piece?)?;
            let (into, mut failed) = (into.clone(), failed.clone());
            let wanted = wait_shared(py, async move {
                // After a failure nothing more is read, although the connection may keep the body's receiver for a while. After an
                // early response the rest of the body is still sent.
                tokio::select! {
                    biased;
                    Ok(_) = failed.wait_for(|failed| *failed) => Ok(false),
                    sent = into.send(Ok(piece)) => Ok(sent.is_ok()),
                }
            })?;
            if !wanted {
                break;
            }
        }
        drop(into);
        wait_shared(py, async move { call.end().await })
    }

    /// Reads the source on a new thread.
    pub(crate) fn run(self) -> PyResult<()> {
        let Self { source, into } = self;
        let work = move || {
            while let Some(Some(piece)) = exit::attach(|py| {
                let piece = source.bind(py).clone().next()?;
                Some(piece.and_then(|piece| bytes_of(&piece)))
            }) {
                let failed = piece.is_err();
                if into.blocking_send(piece).is_err() || failed {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("evertoken-body".to_owned());
        thread.spawn(work)?;
        Ok(())
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> AbortOnDrop<Result<T, Failure>> {
    async fn end(&mut self) -> Result<T, Failure> {
        (&mut self.0).await.unwrap_or_else(|_| Err(panicked()))
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body that an asynchronous source fills piece by piece, and that makes it wait while the network is slow.
#[pyclass(frozen, module = "evertoken._native")]
pub(crate) struct Feed {
    into: Mutex<Option<Sender<Piece>>>,
    from: Mutex<Option<Receiver<Piece>>>,
}

#[pymethods]
impl Feed {
    #[new]
    fn new() -> Self {
        let (into, from) = channel(FEED_PIECES);
        Self {
            into: Mutex::new(Some(into)),
            from: Mutex::new(Some(from)),
        }
    }

    /// Adds a piece. Awaitable: whether more is wanted.
    fn send<'py>(&self, py: Python<'py>, piece: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let piece = bytes_of(piece)?;
        let into = self
            .into
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        start(py, async move {
            Ok(match into {
                Some(into) => into.send(Ok(piece)).await.is_ok(),
                None => false,
            })
        })
    }

    /// Ends the body with the exception that its source raised. Awaitable.
    fn fail<'py>(&self, py: Python<'py>, error: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let error = PyErr::from_value(error.clone());
        let into = self
            .into
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        start(py, async move {
            Ok(match into {
                Some(into) => into.send(Err(error)).await.is_ok(),
                None => false,
            })
        })
    }

    /// The body is complete.
    fn end(&self) {
        self.into
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl Feed {
    fn take(&self) -> PyResult<Receiver<Piece>> {
        let from = self
            .from
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        from.ok_or_else(|| PyTypeError::new_err("a feed is a body once"))
    }
}
