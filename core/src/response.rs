//! The API's response.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use url::Url;

use crate::authorization::GiveBack;
use crate::error::{Error, ErrorKind, Result};
use crate::http::HttpResponse;
use crate::read_timeout::ReadTimeout;
use crate::target::Target;

/// How much of a 401's body is read to judge it. Providers' error documents have a few hundred bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// How long that may take. A 401 whose body stalls is judged without it.
const HEAD_PATIENCE: Duration = Duration::from_secs(2);

/// The first pieces of a body, read before the caller asks for them. The last one may be the error that ended the body.
#[derive(Default)]
pub(crate) struct BodyPrefix(VecDeque<Result<Bytes>>);

impl BodyPrefix {
    pub(crate) async fn read(&mut self, received: &mut HttpResponse, url: &Target) {
        let read = async {
            let mut length = 0;
            while length < HEAD_BYTES {
                match received.chunk(url).await {
                    Ok(None) => break,
                    Ok(Some(chunk)) => {
                        length += chunk.len();
                        self.0.push_back(Ok(chunk));
                    }
                    Err(error) => {
                        self.0.push_back(Err(error));
                        break;
                    }
                }
            }
        };
        // What did not arrive in time is left to the body's reader.
        let _ = tokio::time::timeout(HEAD_PATIENCE, read).await;
    }

    /// What has arrived, in one piece.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let chunks = self.0.iter().flatten().flatten().copied();
        chunks.take(HEAD_BYTES).collect()
    }
}

/// A response, whose body is read piece by piece or at once.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    version: Version,
    target: Target,
    given_back: Option<GiveBack>,
    head: BodyPrefix,
    rest: HttpResponse,
    read_timeout: Option<ReadTimeout>,
}

impl Response {
    pub(crate) fn new(
        mut rest: HttpResponse,
        target: Target,
        given_back: Option<GiveBack>,
        head: BodyPrefix,
        read_timeout: Option<ReadTimeout>,
    ) -> Self {
        let headers = std::mem::take(&mut rest.headers);
        Self {
            status: rest.status,
            headers,
            version: rest.version,
            target,
            given_back,
            head,
            rest,
            read_timeout,
        }
    }

    /// The status code (RFC 9110 §15).
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The HTTP version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The URL of the request that got this response, after redirects.
    pub fn url(&self) -> &Url {
        self.target.url()
    }

    /// The text of [`Self::url`].
    #[doc(hidden)]
    pub fn url_text(&self) -> &str {
        self.target.as_str()
    }

    /// Why this 401 could not be recovered from; `None` for any other response.
    pub fn given_back(&self) -> Option<&GiveBack> {
        self.given_back.as_ref()
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// `unreachable` or `timed_out` if the rest does not arrive.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if let Some(chunk) = self.head.0.pop_front() {
            return chunk.map(Some);
        }
        let chunk = self.rest.chunk(&self.target);
        match &self.read_timeout {
            Some(read_timeout) => read_timeout.within(self.target.host(), chunk).await,
            None => chunk.await,
        }
    }

    /// Reads and drops a short rest of the body, so that the connection can be used again.
    pub(crate) async fn drain(&mut self) {
        const SHORT_CHUNKS: usize = 16;
        for _ in 0..SHORT_CHUNKS {
            if !matches!(self.chunk().await, Ok(Some(_))) {
                return;
            }
        }
    }

    /// Reads the rest of the body into one piece. A body that arrives in one piece, the usual case, is not copied.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn bytes(&mut self) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut all = Vec::with_capacity(first.len() + second.len());
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }

    /// Reads the rest of the body as JSON.
    ///
    /// # Errors
    /// As [`Self::chunk`]; `bad_response` if it is not JSON of this type.
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        serde_json::from_slice(&self.bytes().await?).map_err(|_| {
            Error::new(
                ErrorKind::BadResponse,
                "the answer's body is not the JSON that was expected",
            )
            .with_http_status(self.status.as_u16())
        })
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &self.url().path())
            .finish_non_exhaustive()
    }
}
