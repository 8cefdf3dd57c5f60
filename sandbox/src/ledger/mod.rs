//! The tokens that exist, with their owners and lifetimes.

mod token;

pub(crate) use token::{Access, Grant, Issue, Owner, RefreshRefused, Standing};

use std::collections::HashMap;

use crate::digest::random_hex;
use crate::fault::Kill;
use crate::provider::Provider;
use crate::settings::{ProviderSettings, SecondLogin};

use token::Refresh;

/// All tokens.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    /// The latest pair of each owner.
    current: HashMap<Owner, (String, Option<String>)>,
}

impl Ledger {
    /// Issues tokens for an accepted login.
    pub(crate) fn login(&mut self, issue: &Issue<'_>) -> Grant {
        let superfluous_login = self.has_fresh_token(&issue.owner, issue.now_ms);
        let current = self.current.get(&issue.owner).cloned();
        let mode = issue.second_login();
        if let (SecondLogin::Same, Some((value, refresh))) = (mode, &current)
            && let Some(access) = self.access.get(value)
            && access.is_live(issue.now_ms)
        {
            return Grant {
                access: value.clone(),
                refresh: refresh.clone(),
                expires_ms: access.expires_ms,
                left_ms: access.expires_ms.map(|at| at - issue.now_ms),
                scope: issue.owner.scope.clone(),
                superfluous_login,
            };
        }
        if let (SecondLogin::NewKillsOld, Some((value, refresh))) = (mode, &current) {
            self.kill_access(value);
            if let Some(refresh) = refresh {
                self.kill_refresh(refresh);
            }
        }
        // With "same", an expired access token is replaced, and the refresh token stays as long as it is valid.
        let kept = current.and_then(|(_, refresh)| refresh).filter(|value| {
            mode == SecondLogin::Same && self.redeemable(value, issue.now_ms).is_ok()
        });
        let mut grant = self.issue(issue, kept);
        grant.superfluous_login = superfluous_login;
        grant
    }

    /// The owner of a refresh token that is valid at this provider. The caller must call `refresh` under the same lock: otherwise two
    /// requests could use a token that is valid for one use.
    pub(crate) fn refresh_owner(
        &mut self,
        value: &str,
        provider: Provider,
        settings: &ProviderSettings,
        now_ms: i64,
    ) -> Result<Owner, RefreshRefused> {
        let outcome = self.redeemable(value, now_ms);
        if outcome.is_err()
            && settings.reuse_kills_grant
            && let Some(used) = self.refresh.get(value).filter(|refresh| refresh.used)
        {
            let owner = used.owner.clone();
            self.kill_owner(&owner);
        }
        outcome.and_then(|owner| {
            if owner.provider == provider {
                Ok(owner)
            } else {
                Err(RefreshRefused::Unknown)
            }
        })
    }

    /// Exchanges a refresh token that `refresh_owner` found valid.
    pub(crate) fn refresh(&mut self, value: &str, issue: &Issue<'_>) -> Grant {
        let old = self
            .refresh
            .get(value)
            .map(|refresh| refresh.access.clone());
        if let (true, Some(old)) = (issue.settings.refresh_kills_access, old) {
            self.kill_access(&old);
        }
        let kept = if issue.settings.rotation {
            if let Some(refresh) = self.refresh.get_mut(value) {
                refresh.used = true;
            }
            None
        } else {
            Some(value.to_owned())
        };
        self.issue(issue, kept)
    }

    /// The state of a token that was sent to an API route.
    pub(crate) fn standing(&self, value: &str, now_ms: i64) -> Standing {
        match self.access.get(value) {
            None => Standing::Unknown,
            Some(access) if access.dead => Standing::Dead(access.clone()),
            Some(access) if !access.is_live(now_ms) => Standing::Expired(access.clone()),
            Some(access) => Standing::Good(access.clone()),
        }
    }

    /// Notes that the response with this token is about to be sent.
    pub(crate) fn hand_over(&mut self, value: &str) {
        if let Some(access) = self.access.get_mut(value) {
            access.handed = true;
        }
    }

    /// Notes that an API route refused this token with 401.
    pub(crate) fn mark_refused(&mut self, value: &str) {
        if let Some(access) = self.access.get_mut(value) {
            access.refused = true;
        }
    }

    /// RFC 7009: revokes a token of either kind, together with its counterpart. Returns what was revoked.
    pub(crate) fn revoke_one(
        &mut self,
        value: &str,
        provider: Provider,
    ) -> Option<(Option<String>, Option<String>, Owner)> {
        let owner = self
            .owner_of(value)
            .filter(|owner| owner.provider == provider)?;
        let (access, refresh) = match (self.access.get(value), self.refresh.get(value)) {
            (Some(access), _) => (Some(value.to_owned()), access.refresh.clone()),
            (None, Some(refresh)) => (Some(refresh.access.clone()), Some(value.to_owned())),
            (None, None) => return None,
        };
        let access = access.filter(|value| self.kill_access(value));
        let refresh = refresh.filter(|value| self.kill_refresh(value));
        (access.is_some() || refresh.is_some()).then_some((access, refresh, owner))
    }

    /// Revokes all valid tokens. Returns the number of each kind.
    pub(crate) fn revoke_all(&mut self, provider: Option<Provider>, what: Kill) -> (usize, usize) {
        let fits = |owner: &Owner| provider.is_none_or(|wanted| owner.provider == wanted);
        let mut killed = (0, 0);
        if what != Kill::Refresh {
            for access in self
                .access
                .values_mut()
                .filter(|access| fits(&access.owner) && !access.dead)
            {
                access.dead = true;
                killed.0 += 1;
            }
        }
        if what != Kill::Access {
            for refresh in self
                .refresh
                .values_mut()
                .filter(|refresh| fits(&refresh.owner) && !refresh.dead && !refresh.used)
            {
                refresh.dead = true;
                killed.1 += 1;
            }
        }
        killed
    }

    /// The owners whose latest access or refresh token is still valid.
    pub(crate) fn live_owners(&self, provider: Option<Provider>, now_ms: i64) -> Vec<Owner> {
        self.current
            .iter()
            .filter(|(owner, (access, refresh))| {
                provider.is_none_or(|wanted| owner.provider == wanted)
                    && (self
                        .access
                        .get(access)
                        .is_some_and(|access| access.is_live(now_ms))
                        || refresh
                            .as_deref()
                            .is_some_and(|value| self.redeemable(value, now_ms).is_ok()))
            })
            .map(|(owner, _)| owner.clone())
            .collect()
    }

    /// Renews as another client would: issues a new pair, and revokes the old one.
    pub(crate) fn rotate(&mut self, issue: &Issue<'_>) {
        if let Some((access, refresh)) = self.current.get(&issue.owner).cloned() {
            self.kill_access(&access);
            if let Some(refresh) = refresh {
                self.kill_refresh(&refresh);
            }
        }
        self.issue(issue, None);
    }

    /// Whether a text is a token of any kind, which must not be shown.
    pub(crate) fn knows(&self, value: &str) -> bool {
        self.access.contains_key(value) || self.refresh.contains_key(value)
    }

    fn issue(&mut self, issue: &Issue<'_>, kept_refresh: Option<String>) -> Grant {
        let (value, mut access) = issue.make();
        let expires_ms = access.expires_ms;
        let refresh = issue
            .settings
            .refresh
            .then(|| kept_refresh.unwrap_or_else(|| self.new_refresh(issue)));
        if let Some(refresh) = refresh
            .as_ref()
            .and_then(|refresh| self.refresh.get_mut(refresh))
        {
            refresh.access.clone_from(&value);
        }
        access.refresh.clone_from(&refresh);
        self.access.insert(value.clone(), access);
        self.current
            .insert(issue.owner.clone(), (value.clone(), refresh.clone()));
        Grant {
            access: value,
            refresh,
            expires_ms,
            left_ms: issue.life_secs().map(|life| life.saturating_mul(1000)),
            scope: issue.owner.scope.clone(),
            superfluous_login: false,
        }
    }

    fn new_refresh(&mut self, issue: &Issue<'_>) -> String {
        let value = random_hex(24);
        let life = issue.settings.refresh_life_secs;
        let refresh = Refresh {
            owner: issue.owner.clone(),
            access: String::new(),
            expires_ms: (life >= 0).then(|| issue.now_ms.saturating_add(life.saturating_mul(1000))),
            used: false,
            dead: false,
        };
        self.refresh.insert(value.clone(), refresh);
        value
    }

    fn redeemable(&self, value: &str, now_ms: i64) -> Result<Owner, RefreshRefused> {
        match self.refresh.get(value) {
            None => Err(RefreshRefused::Unknown),
            Some(refresh) if refresh.used || refresh.dead => Err(RefreshRefused::Unknown),
            Some(refresh) if refresh.expires_ms.is_some_and(|at| now_ms >= at) => {
                Err(RefreshRefused::Expired)
            }
            Some(refresh) => Ok(refresh.owner.clone()),
        }
    }

    fn has_fresh_token(&self, owner: &Owner, now_ms: i64) -> bool {
        self.current
            .get(owner)
            .and_then(|(value, _)| self.access.get(value))
            .is_some_and(|access| {
                access.handed
                    && !access.refused
                    && access.is_live(now_ms)
                    && access.has_more_than_half(now_ms)
            })
    }

    fn owner_of(&self, value: &str) -> Option<Owner> {
        let access = self.access.get(value).map(|access| access.owner.clone());
        access.or_else(|| self.refresh.get(value).map(|refresh| refresh.owner.clone()))
    }

    fn kill_owner(&mut self, owner: &Owner) {
        self.access
            .values_mut()
            .filter(|access| access.owner == *owner)
            .for_each(|access| access.dead = true);
        self.refresh
            .values_mut()
            .filter(|refresh| refresh.owner == *owner)
            .for_each(|refresh| refresh.dead = true);
    }

    fn kill_access(&mut self, value: &str) -> bool {
        self.access
            .get_mut(value)
            .is_some_and(|access| !std::mem::replace(&mut access.dead, true))
    }

    fn kill_refresh(&mut self, value: &str) -> bool {
        self.refresh
            .get_mut(value)
            .is_some_and(|refresh| !std::mem::replace(&mut refresh.dead, true))
    }
}
