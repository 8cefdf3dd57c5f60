//! The end of a client, with and without revoking its token.

use std::sync::atomic::Ordering;

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};

impl Client {
    /// For bindings: checks that the client is open.
    ///
    /// # Errors
    /// `closed` if it is not.
    #[doc(hidden)]
    pub fn check_open(&self) -> Result<()> {
        if !self.0.closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Closed, "the client is closed");
        Err(self.0.keeper.named(error))
    }

    /// Closes this client: later calls fail with `closed`, pending requests complete as usual. Other clients of the identity
    /// are not affected. Idempotent; does not wait.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.header.store(None);
        self.0.keeper.note_change();
        self.0.keeper.stop_keeping_warm(&self.0.policy);
    }

    /// Closes the client and revokes the token at the server (RFC 7009), if the provider has a revocation endpoint.
    ///
    /// # Errors
    /// Why the token could not be revoked; the client is closed all the same.
    pub async fn revoke_and_close(&self) -> Result<()> {
        let inner = &*self.0;
        self.close();
        let Some(current) = inner.keeper.current.load_full() else {
            return Ok(());
        };
        let keeper = &inner.keeper;
        let secrets = [Some(&current.value), current.refresh_token.as_ref()];
        let requests: Vec<_> = secrets
            .into_iter()
            .flatten()
            .filter_map(|secret| Some((secret, keeper.flow.revoke(secret)?)))
            .collect();
        // Without a revocation endpoint the token stays valid for other clients.
        if requests.is_empty() {
            return Ok(());
        }
        keeper.refuse(&current);
        let mut outcome = Ok(());
        for (secret, request) in requests {
            let response = keeper
                .exchange(&inner.policy, request, inner.policy.timeout)
                .await
                .map_err(|error| keeper.named(error))?;
            outcome = outcome.and(keeper.flow.read_revocation(&response, secret));
        }
        if outcome.is_ok() {
            keeper.forget(&current);
        }
        outcome
    }
}
