//! A look at a server without the token: for diagnosis.

use http::{HeaderMap, Method};
use url::Url;

use crate::client::Client;
use crate::deadline::End;
use crate::error::Result;
use crate::http::{Payload, Sending};

impl Client {
    /// Where the flow asks for tokens; `None` for a pasted token.
    pub fn token_url(&self) -> Option<&Url> {
        self.0.keeper.flow.token_url()
    }

    /// Sends one `GET` without the token, with this client's certificates, proxy and deadline, and
    /// returns status and headers. It tells a diagnosis whether the server can be reached, whether
    /// its certificate is trusted, and what time it has ([`flow::server_date`](crate::flow::server_date)).
    ///
    /// # Errors
    /// `tls`, `unreachable`, `timed_out`, `bad_response`: what kept an answer from coming.
    pub async fn probe(&self, url: &Url) -> Result<(u16, HeaderMap)> {
        let received = self
            .0
            .http
            .send(Sending {
                method: Method::GET,
                url: url.clone(),
                headers: HeaderMap::new(),
                payload: Payload::Empty,
                end: End::after(self.0.terms.timeout),
            })
            .await?;
        Ok((received.status.as_u16(), received.headers))
    }
}
