//! The asynchronous client: the same calls, each of which returns an awaitable.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::authorization::{Authorization, Facts};
use crate::base::{BaseClient, Place};
use crate::bridge::{start, start_now};
use crate::call::{Prepared, authorize, token};
use crate::options::{duration, line};

/// The asynchronous client. The package adds the methods that are written in Python, and the class's documentation.
#[pyclass(extends = BaseClient, subclass, frozen, module = "evertoken")]
pub(crate) struct AsyncClient;

#[pymethods]
impl AsyncClient {
    #[new]
    #[pyo3(
        signature = (flow = None, options = None, *, profile = None, **others),
        text_signature = "(flow, options, *, profile=None)"
    )]
    fn new(
        py: Python<'_>,
        flow: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyAny>>,
        profile: Option<Place>,
        others: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let base = BaseClient::new(py, flow, options, profile, others)?;
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    fn _token<'py>(
        slf: &Bound<'py, Self>,
        min_ttl: Option<&Bound<'py, PyAny>>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        start_now(slf.py(), token(slf.as_super().get(), min_ttl, timeout)?)
    }

    /// The header, if it is cached: then there is nothing to await.
    fn _cached<'py>(slf: &Bound<'py, Self>) -> Option<Bound<'py, PyString>> {
        slf.as_super().get().cached(slf.py())
    }

    /// The header's string for an authorization: the same object until the token changes.
    fn _text<'py>(
        slf: &Bound<'py, Self>,
        authorization: &Bound<'py, Authorization>,
    ) -> Bound<'py, PyString> {
        slf.as_super().get().text(slf.py(), &authorization.get().0)
    }

    fn _authorize<'py>(
        slf: &Bound<'py, Self>,
        url: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = slf.as_super().get().client.clone();
        let url = url.map(|url| line("url", url)).transpose()?;
        start_now(slf.py(), async move {
            authorize(client, url).await.map(Authorization)
        })
    }

    fn _judge<'py>(
        slf: &Bound<'py, Self>,
        authorization: &Bound<'py, Authorization>,
        status: u16,
        headers: Option<&Bound<'py, PyAny>>,
        body: Option<&Bound<'py, PyBytes>>,
        replayable: bool,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let facts = Facts::new(
            status,
            headers,
            body,
            replayable,
            duration("timeout", timeout)?,
        )?;
        start_now(
            slf.py(),
            facts.judge(
                slf.as_super().get().client.clone(),
                authorization.get().0.clone(),
            ),
        )
    }

    fn _send<'py>(
        slf: &Bound<'py, Self>,
        request: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        request
            .extract::<Prepared<'_>>()?
            .call(slf.as_super().get())?
            .start_whole_response(slf.py())
    }

    fn _open<'py>(
        slf: &Bound<'py, Self>,
        request: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        request
            .extract::<Prepared<'_>>()?
            .call(slf.as_super().get())?
            .start_stream(slf.py())
    }

    /// Closes at once. Returns an awaitable for the revocation if there is to be one.
    fn _close<'py>(slf: &Bound<'py, Self>, revoke: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
        let base = slf.as_super().get();
        let client = base.client.clone();
        base.close();
        revoke
            .then(|| {
                start(
                    slf.py(),
                    async move { Ok(client.revoke_and_close().await?) },
                )
            })
            .transpose()
    }
}
