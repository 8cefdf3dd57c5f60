//! Requests without the token, for diagnosis.

use http::{HeaderMap, Method};
use url::Url;

use crate::client::Client;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::http::{HttpRequest, Payload};

impl Client {
    /// The URL that the flow gets its tokens from; `None` for a pasted token.
    pub fn token_url(&self) -> Option<&Url> {
        self.0.keeper.flow.token_url()
    }

    /// Sends one `GET` without the token, with this client's certificates, proxy and deadline, and
    /// returns status and headers. They show whether the server can be reached, whether its certificate
    /// is trusted, and what its clock says ([`flow::server_date`](crate::flow::server_date)).
    ///
    /// # Errors
    /// `tls`, `unreachable`, `timed_out`, `bad_response`: why there is no response.
    pub async fn probe(&self, url: &Url) -> Result<(u16, HeaderMap)> {
        let received = self
            .0
            .http
            .send(HttpRequest {
                method: Method::GET,
                url: &url.clone().into(),
                headers: HeaderMap::new(),
                payload: Payload::Empty,
                deadline: Deadline::after(self.0.policy.timeout),
            })
            .await?;
        Ok((received.status.as_u16(), received.headers))
    }
}
