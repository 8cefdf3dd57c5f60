//! The calls that wait, as futures: the blocking client parks on them, the asynchronous one spawns them.

use std::time::Duration;

use evertoken::{Authorization, Client, Error, Method, RequestBuilder};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::answer::Answer;
use crate::base::BaseClient;
use crate::body::{Trouble, payload};
use crate::failure::{Failure, raised};
use crate::options::{Deadline, deadline, duration, line};
use crate::stream::Stream;
use crate::token::Token;

/// About 31 years: as long as a timer can reliably wait.
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
        Deadline::Clients => None,
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

/// A request as the package has prepared it: method, URL, headers, body, whether the body can be sent
/// again, timeout, whether redirects are followed.
#[derive(FromPyObject)]
pub(crate) struct Parts<'py>(
    String,
    Bound<'py, PyString>,
    Vec<(String, String)>,
    Bound<'py, PyAny>,
    bool,
    Bound<'py, PyAny>,
    bool,
);

impl Parts<'_> {
    /// The call, with the core's own types.
    pub(crate) fn call(self, base: &BaseClient) -> PyResult<Call> {
        let Self(method, url, headers, body, replayable, timeout, follow_redirects) = self;
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| raised(url.py(), &Error::config("method", "is not an HTTP method")))?;
        let (payload, trouble) = payload(&body, replayable)?;
        let request = base.client.request(method, &line("url", &url)?);
        let mut request = request.payload(payload).follow_redirects(follow_redirects);
        for (name, value) in headers {
            request = request.header(&name, &value);
        }
        let request = match deadline(Some(&timeout))? {
            Deadline::Clients => request,
            Deadline::None => request.timeout(None),
            Deadline::In(timeout) => request.timeout(Some(timeout)),
        };
        Ok(Call { request, trouble })
    }
}

/// One request, ready to be sent.
pub(crate) struct Call {
    request: RequestBuilder,
    trouble: Trouble,
}

impl Call {
    /// Sends it and reads the whole answer.
    pub(crate) async fn answer(self) -> Result<Answer, Failure> {
        let (request, trouble) = (self.request, self.trouble);
        let response = request
            .send()
            .await
            .map_err(|error| trouble.or(error.into()))?;
        Answer::read(response).await
    }

    /// Sends it and leaves the body on the wire.
    pub(crate) async fn stream(self) -> Result<Stream, Failure> {
        let (request, trouble) = (self.request, self.trouble);
        let response = request
            .send()
            .await
            .map_err(|error| trouble.or(error.into()))?;
        Ok(Stream::new(response))
    }
}
