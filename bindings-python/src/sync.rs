//! The blocking client. Every call that waits releases the GIL and can be interrupted with Ctrl-C.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::authorization::{Authorization, Facts, Verdict};
use crate::base::{BaseClient, Place};
use crate::call::{Prepared, authorize, token};
use crate::head::Received;
use crate::options::{duration, line};
use crate::stream::Stream;
use crate::token::Token;
use crate::wait::{wait, wait_or_now};
use crate::whole_response::WholeResponse;

/// The blocking client. The package adds the methods that are written in Python, and the class's documentation.
#[pyclass(name = "Client", extends = BaseClient, subclass, frozen, module = "evertoken")]
pub(crate) struct SyncClient;

#[pymethods]
impl SyncClient {
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

    /// A token that is valid now, from the cache where possible.
    ///
    /// Args:
    ///     min_ttl: The least remaining lifetime, in seconds; for tokens that never live longer, half of their lifetime.
    ///     timeout: Stop waiting after this long; the login goes on for the next caller. None: the client's timeout.
    ///
    /// Raises:
    ///     CredentialsRejectedError: The server refused the credentials, the grant or the scope.
    ///     TimedOutError: No response came in time.
    ///     EvertokenError: Base of these and all others.
    #[pyo3(signature = (*, min_ttl = None, timeout = None))]
    fn token(
        slf: &Bound<'_, Self>,
        min_ttl: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Token> {
        wait_or_now(slf.py(), token(slf.as_super().get(), min_ttl, timeout)?)
    }

    /// The value of the Authorization header: the same str object until the token changes.
    ///
    /// Args:
    ///     url: Where the request goes. None: the API's own origin, which takes only tens of nanoseconds.
    ///
    /// Raises:
    ///     OriginRefusedError: The token may not go there.
    ///     EvertokenError: As `token`.
    #[pyo3(signature = (url = None))]
    fn authorization<'py>(
        slf: &Bound<'py, Self>,
        url: Option<&Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyString>> {
        let base = slf.as_super().get();
        match url {
            None => base
                .cached(slf.py())
                .map_or_else(|| authorization_for(base, slf.py(), None), Ok),
            Some(url) => authorization_for(base, slf.py(), Some(url)),
        }
    }

    /// Permission to send one request with another HTTP library. Pass it to `judge` together with the response.
    ///
    /// Raises:
    ///     OriginRefusedError: The token may not go there.
    ///     EvertokenError: As `token`.
    fn authorize(slf: &Bound<'_, Self>, url: &Bound<'_, PyString>) -> PyResult<Authorization> {
        let url = line("url", url)?;
        wait_or_now(
            slf.py(),
            authorize(slf.as_super().get().client.clone(), Some(url)),
        )
        .map(Authorization)
    }

    /// What to do about a response: nothing, send the request again with another header, or return the 401.
    ///
    /// For a 401 it renews the token if that can help; all callers whose requests were refused with the same token share one
    /// renewal. A renewal that fails raises nothing: the verdict is then to return the 401.
    ///
    /// Args:
    ///     authorization: The one that the request was sent with.
    ///     status: The response's status.
    ///     headers: The response's headers; read only for a 401.
    ///     body: The body, or its first kilobytes; read only for a 401.
    ///     replayable: Whether the request's whole body can be sent again.
    ///     timeout: How long to wait for a renewal. None: the client's timeout.
    ///
    /// >>> from http.client import HTTPConnection
    /// >>> authorization = client.authorize("/pismo/api/accounts/123")
    /// >>> connection = HTTPConnection(base_url.removeprefix("http://"))
    /// >>> connection.request("GET", "/pismo/api/accounts/123", headers={"Authorization": authorization.value})
    /// >>> response = connection.getresponse()
    /// >>> client.judge(authorization, response.status, headers=response.getheaders(), body=response.read()).action
    /// 'done'
    /// >>> connection.close()
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

    fn _send(
        slf: &Bound<'_, Self>,
        request: &Bound<'_, PyAny>,
    ) -> PyResult<Received<WholeResponse>> {
        request
            .extract::<Prepared<'_>>()?
            .call(slf.as_super().get())?
            .wait_whole_response(slf.py())
    }

    fn _open(slf: &Bound<'_, Self>, request: &Bound<'_, PyAny>) -> PyResult<Received<Stream>> {
        request
            .extract::<Prepared<'_>>()?
            .call(slf.as_super().get())?
            .wait_stream(slf.py())
    }

    /// Closes the client: later calls raise ClosedError, requests in progress are finished. Returns at once; idempotent.
    ///
    /// Other clients of the same identity are not affected.
    ///
    /// Args:
    ///     revoke: Revoke the token at the server first, if the provider has a revocation endpoint (RFC 7009).
    ///
    /// Raises:
    ///     EvertokenError: The revocation failed; the client is closed all the same.
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

/// The header if it is not cached, or is wanted for a URL. A function of its own keeps the fast path small.
#[cold]
#[inline(never)]
fn authorization_for<'py>(
    base: &BaseClient,
    py: Python<'py>,
    url: Option<&Bound<'py, PyString>>,
) -> PyResult<Bound<'py, PyString>> {
    let url = url.map(|url| line("url", url)).transpose()?;
    let authorization = wait_or_now(py, authorize(base.client.clone(), url))?;
    Ok(base.text(py, &authorization))
}
