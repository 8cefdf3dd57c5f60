//! The blocking client. Every call that waits releases the GIL and answers Ctrl-C.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::answer::Answer;
use crate::authorization::{Authorization, Facts, Verdict};
use crate::base::BaseClient;
use crate::call::{Parts, authorize, token};
use crate::options::{duration, line};
use crate::stream::Stream;
use crate::token::Token;
use crate::wait::{wait, wait_or_now, wait_shared};

/// The blocking client's native half.
#[pyclass(extends = BaseClient, subclass, frozen, module = "evertoken._native")]
pub(crate) struct SyncClient;

#[pymethods]
impl SyncClient {
    #[new]
    fn new(
        py: Python<'_>,
        flow: &str,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<PyClassInitializer<Self>> {
        Ok(PyClassInitializer::from(BaseClient::new(py, flow, options)?).add_subclass(Self))
    }

    #[pyo3(signature = (*, min_ttl = None, timeout = None))]
    fn token(
        slf: &Bound<'_, Self>,
        min_ttl: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Token> {
        wait_or_now(slf.py(), token(slf.as_super().get(), min_ttl, timeout)?)
    }

    #[pyo3(signature = (url = None))]
    fn authorization<'py>(
        slf: &Bound<'py, Self>,
        url: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyString>> {
        let (py, base) = (slf.py(), slf.as_super().get());
        if url.is_none()
            && let Some(text) = base.cached(py)
        {
            return Ok(text);
        }
        let url = url.map(|url| line("url", url)).transpose()?;
        let authorization = wait_or_now(py, authorize(base.client.clone(), url))?;
        Ok(base.hold(py, &authorization))
    }

    fn authorize(slf: &Bound<'_, Self>, url: &Bound<'_, PyString>) -> PyResult<Authorization> {
        let url = line("url", url)?;
        wait_or_now(
            slf.py(),
            authorize(slf.as_super().get().client.clone(), Some(url)),
        )
        .map(Authorization)
    }

    #[pyo3(signature = (authorization, status, *, headers = None, body = None, replayable = true, timeout = None))]
    fn judge(
        slf: &Bound<'_, Self>,
        authorization: &Bound<'_, Authorization>,
        status: u16,
        headers: Option<&Bound<'_, PyAny>>,
        body: Option<&Bound<'_, PyBytes>>,
        replayable: bool,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Verdict> {
        let facts = Facts::new(
            status,
            headers,
            body,
            replayable,
            duration("timeout", timeout)?,
        )?;
        wait_or_now(
            slf.py(),
            facts.judge(
                slf.as_super().get().client.clone(),
                authorization.get().0.clone(),
            ),
        )
    }

    fn _send(slf: &Bound<'_, Self>, parts: Parts<'_>) -> PyResult<Answer> {
        let call = parts.call(slf.as_super().get())?;
        wait(slf.py(), call.answer())
    }

    fn _open(slf: &Bound<'_, Self>, parts: Parts<'_>) -> PyResult<Stream> {
        let call = parts.call(slf.as_super().get())?;
        wait_shared(slf.py(), call.stream())
    }

    #[pyo3(signature = (*, revoke = false))]
    fn close(slf: &Bound<'_, Self>, revoke: bool) -> PyResult<()> {
        let base = slf.as_super().get();
        let client = base.client.clone();
        base.close();
        if revoke {
            wait(
                slf.py(),
                async move { Ok(client.revoke_and_close().await?) },
            )
        } else {
            Ok(())
        }
    }
}
