//! The records of tokens, and how tokens are made.

use crate::provider::Provider;
use crate::settings::{ProviderSettings, SecondLogin, TokenForm};

/// The owner of a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) provider: Provider,
    /// Client and user, as one string.
    pub(crate) identity: String,
    pub(crate) account: Option<String>,
    pub(crate) scope: String,
}

/// An access token.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) owner: Owner,
    pub(crate) issued_ms: i64,
    /// When it expires; `None`: never.
    pub(crate) expires_ms: Option<i64>,
    /// The refresh token that was issued with it.
    pub(super) refresh: Option<String>,
    /// Revoked, replaced or superseded.
    pub(super) dead: bool,
    /// Refused with 401 while it was valid. A login after that is not superfluous.
    pub(super) refused: bool,
    /// Its response was sent to the client.
    pub(super) handed: bool,
}

impl Access {
    pub(super) fn is_live(&self, now_ms: i64) -> bool {
        !self.dead && self.expires_ms.is_none_or(|at| now_ms < at)
    }

    pub(super) fn has_more_than_half(&self, now_ms: i64) -> bool {
        self.expires_ms
            .is_none_or(|at| (at - now_ms).saturating_mul(2) > at - self.issued_ms)
    }
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) owner: Owner,
    /// The access token that was last issued for it.
    pub(super) access: String,
    pub(super) expires_ms: Option<i64>,
    pub(super) used: bool,
    pub(super) dead: bool,
}

/// The tokens of a response.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) expires_ms: Option<i64>,
    /// Its remaining lifetime.
    pub(crate) left_ms: Option<i64>,
    pub(crate) scope: String,
    pub(crate) superfluous_login: bool,
}

/// The state of a token that a client has sent.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    Unknown,
    Dead(Access),
    Expired(Access),
    Good(Access),
}

/// Why a refresh token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshRefused {
    Unknown,
    Expired,
}

/// How tokens are to be issued.
pub(crate) struct Issue<'a> {
    pub(crate) owner: Owner,
    pub(crate) settings: &'a ProviderSettings,
    pub(crate) now_ms: i64,
    /// Makes the token for its period of validity, in Unix seconds; an end of `None`: never expires.
    pub(crate) mint: &'a dyn Fn(i64, Option<i64>) -> String,
}

impl Issue<'_> {
    pub(super) fn life_secs(&self) -> Option<i64> {
        (self.settings.life_secs >= 0).then_some(self.settings.life_secs)
    }

    pub(super) fn make(&self) -> (String, Access) {
        let now_secs = self.now_ms.div_euclid(1000);
        let jwt = self.settings.token == TokenForm::Jwt;
        let value = (self.mint)(
            now_secs,
            self.life_secs().map(|life| now_secs.saturating_add(life)),
        );
        // A JWT expires at a whole second, an opaque token at a millisecond.
        let start_ms = if jwt { now_secs * 1000 } else { self.now_ms };
        let access = Access {
            owner: self.owner.clone(),
            issued_ms: start_ms,
            expires_ms: self
                .life_secs()
                .map(|life| start_ms.saturating_add(life.saturating_mul(1000))),
            refresh: None,
            dead: false,
            refused: false,
            handed: false,
        };
        (value, access)
    }

    pub(super) fn second_login(&self) -> SecondLogin {
        match (self.settings.second_login, self.settings.token) {
            (SecondLogin::Auto, TokenForm::Opaque) => SecondLogin::Same,
            (SecondLogin::Auto, TokenForm::Jwt) => SecondLogin::NewKillsOld,
            (chosen, _) => chosen,
        }
    }
}
