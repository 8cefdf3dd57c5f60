//! The calls that wait, as futures: the blocking client blocks on them, the asynchronous one starts them.

use std::time::Duration;

use evertoken::{Authorization, Client, Error, Method, RequestBuilder, Response};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::base::BaseClient;
use crate::body::{Body, Pump, SourceError, body};
use crate::bridge::{start, start_here};
use crate::failure::{Failure, raised};
use crate::head::Received;
use crate::options::{Deadline, deadline, duration, line};
use crate::stream::Stream;
use crate::token::Token;
use crate::wait::{wait_shared, wait_whole};
use crate::whole_response::WholeResponse;

/// About 31 years, which every timer can represent.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// A token for a caller.
pub(crate) fn token(
    base: &BaseClient,
    min_ttl: Option<&Bound<'_, PyAny>>,
    timeout: Option<&Bound<'_, PyAny>>,
) -> PyResult<impl Future<Output = Result<Token, Failure>> + Send + use<>> {
    let client = base.client.clone();
    let min_ttl = duration("min_ttl", min_ttl)?.unwrap_or_default();
    let timeout = match deadline(timeout)? {
        Deadline::OfClient => None,
        Deadline::In(timeout) => Some(timeout),
        Deadline::None => Some(FOREVER),
    };
    Ok(async move { Ok(client.token_for(min_ttl, timeout).await?.into()) })
}

/// A header for `url`, or for the API's own origin.
pub(crate) async fn authorize(
    client: Client,
    url: Option<String>,
) -> Result<Authorization, Failure> {
    Ok(match url {
        Some(url) => client.authorize(&url).await?,
        None => client.authorization().await?,
    })
}

/// A request as the package has prepared it: the tuple that `prepare` in `_request.py` makes.
pub(crate) struct Prepared<'py> {
    /// In upper case: methods are case-sensitive (RFC 9110 §9.1), and lower case is how some people write GET.
    method: String,
    url: Bound<'py, PyString>,
    headers: Vec<(String, String)>,
    body: Bound<'py, PyAny>,
    /// Whether the body can be sent again.
    replayable: bool,
    timeout: Bound<'py, PyAny>,
    connect_timeout: Bound<'py, PyAny>,
    read_timeout: Bound<'py, PyAny>,
    follow_redirects: bool,
}

impl<'py> FromPyObject<'_, 'py> for Prepared<'py> {
    type Error = PyErr;

    fn extract(prepared: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let (
            method,
            url,
            headers,
            body,
            replayable,
            timeout,
            connect_timeout,
            read_timeout,
            follow_redirects,
        ): (
            Bound<'py, PyAny>,
            Bound<'py, PyAny>,
            Bound<'py, PyAny>,
            _,
            _,
            _,
            _,
            _,
            _,
        ) = prepared.extract()?;
        Ok(Self {
            method: string("method", &method)?.to_str()?.to_ascii_uppercase(),
            url: string("url", &url)?.clone(),
            headers: fields(&headers)?,
            body,
            replayable,
            timeout,
            connect_timeout,
            read_timeout,
            follow_redirects,
        })
    }
}

/// An argument that must be a `str`; the error names it.
fn string<'a, 'py>(name: &str, value: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyString>> {
    value.cast::<PyString>().or_else(|_| {
        let kind = value.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "{name} must be a str, not {kind}"
        )))
    })
}

/// Header fields. The error for a value that is not a `str` names the field.
fn fields(headers: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    headers.extract().or_else(|_| {
        let pairs = headers.extract::<Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>>();
        let pairs =
            pairs.map_err(|_| PyTypeError::new_err("headers must be a mapping or pairs of str"))?;
        let texts = pairs.iter().map(|(name, value)| {
            let name = string("a header's name", name)?.to_str()?;
            let value = string(&format!("header {name}"), value)?.to_str()?;
            Ok((name.to_owned(), value.to_owned()))
        });
        texts.collect()
    })
}

impl Prepared<'_> {
    /// The call, with the core's types.
    pub(crate) fn call(self, base: &BaseClient) -> PyResult<Call> {
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| {
            raised(
                self.url.py(),
                &Error::config("method", "is not an HTTP method"),
            )
        })?;
        let Body {
            payload,
            source_error,
            pump,
        } = body(&self.body, self.replayable)?;
        let request = base.client.request(method, &line("url", &self.url)?);
        let mut request = request
            .payload(payload)
            .follow_redirects(self.follow_redirects);
        for (name, value) in self.headers {
            request = request.header(&name, &value);
        }
        if let Some(timeout) = duration("connect_timeout", Some(&self.connect_timeout))? {
            request = request.connect_timeout(timeout);
        }
        if let Some(timeout) = duration("read_timeout", Some(&self.read_timeout))? {
            request = request.read_timeout(timeout);
        }
        let request = match deadline(Some(&self.timeout))? {
            Deadline::OfClient => request,
            Deadline::None => request.timeout(None),
            Deadline::In(timeout) => request.timeout(Some(timeout)),
        };
        let request = Request {
            request,
            source_error,
        };
        Ok(Call { request, pump })
    }
}

/// One request, ready to be sent.
pub(crate) struct Call {
    request: Request,
    pump: Option<Pump>,
}

impl Call {
    /// Sends it and reads the whole response; blocks this thread.
    pub(crate) fn wait_whole_response(self, py: Python<'_>) -> PyResult<Received<WholeResponse>> {
        match self.pump {
            Some(pump) => pump.drive(py, self.request.whole_response()),
            None => wait_whole(py, || self.request.whole_response()),
        }
    }

    /// Sends it and receives the response's head; blocks this thread. The body is read later.
    pub(crate) fn wait_stream(self, py: Python<'_>) -> PyResult<Received<Stream>> {
        match self.pump {
            Some(pump) => pump.drive(py, self.request.stream()),
            None => wait_shared(py, self.request.stream()),
        }
    }

    /// As [`Self::wait_whole_response`], for asyncio.
    pub(crate) fn start_whole_response(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        self.pump.map_or(Ok(()), Pump::run)?;
        start_here(py, self.request.whole_response())
    }

    /// As [`Self::wait_stream`], for asyncio.
    pub(crate) fn start_stream(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        self.pump.map_or(Ok(()), Pump::run)?;
        start(py, self.request.stream())
    }
}

struct Request {
    request: RequestBuilder,
    source_error: SourceError,
}

impl Request {
    async fn response(self) -> Result<Response, Failure> {
        let Self {
            request,
            source_error,
        } = self;
        request
            .send()
            .await
            .map_err(|error| source_error.or(error.into()))
    }

    async fn whole_response(self) -> Result<Received<WholeResponse>, Failure> {
        WholeResponse::read(self.response().await?).await
    }

    async fn stream(self) -> Result<Received<Stream>, Failure> {
        self.response().await.map(Stream::received)
    }
}
