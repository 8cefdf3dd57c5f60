//! The state that all connections share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::counts::Counts;
use crate::fault::{ArmedFaults, Fault};
use crate::http::{Request, Response};
use crate::journal::{Entry, Journal};
use crate::ledger::Ledger;
use crate::provider::{Provider, Route};
use crate::redact::Redactor;
use crate::script::{Claim, Script};
use crate::settings::{Credentials, Settings};
use crate::template::Scope;

/// Addresses and certificates, fixed at start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    pub(crate) url: String,
    pub(crate) foreign_url: String,
    pub(crate) https_url: Option<String>,
    pub(crate) ca_pem: Option<String>,
    pub(crate) client_cert_pem: Option<String>,
    pub(crate) client_key_pem: Option<String>,
}

/// Everything that the lock protects. The lock is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) settings: Arc<Settings>,
    pub(crate) ledger: Ledger,
    pub(crate) armed: ArmedFaults,
    pub(crate) script: Script,
    pub(crate) journal: Journal,
    pub(crate) counts: Counts,
    held: VecDeque<(u64, oneshot::Sender<()>)>,
    last_hold: u64,
}

/// The sandbox, as its connections see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) addresses: Addresses,
    start_settings: Arc<Settings>,
    inner: Mutex<Inner>,
    /// Changes whenever an awaited event may have happened.
    progress: watch::Sender<u64>,
}

/// What to do about a request that has arrived.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seq: u64,
    /// `METHOD /path`, as it is counted, without secrets.
    pub(crate) key: String,
    pub(crate) claim: Option<Claim>,
    pub(crate) fault: Option<Fault>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, addresses: Addresses) -> Self {
        let settings = Arc::new(settings);
        Self {
            clock: Clock::default(),
            addresses,
            start_settings: Arc::clone(&settings),
            inner: Mutex::new(Inner {
                settings,
                ..Inner::default()
            }),
            progress: watch::channel(0).0,
        }
    }

    /// The state. A poisoned lock is used all the same: a panic elsewhere leaves at worst a counter too low.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to `notify`.
    pub(crate) fn progress(&self) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }

    fn notify(&self) {
        self.progress
            .send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Journals and counts a request and decides what happens to it.
    pub(crate) fn arrive(&self, request: &Request, route: &Route) -> Plan {
        let now_ms = self.clock.now_ms();
        // Before the lock is taken, because a body may be large.
        request.body_sha256();
        let mut guard = self.lock();
        let inner = &mut *guard;
        let seq = inner.journal.next_seq();
        let claim = inner.script.claim(request);
        let scripted_fault = claim.as_ref().and_then(Claim::fault);
        let fault =
            scripted_fault.or_else(|| inner.armed.take(route, &request.method, &request.path));
        let secrets = secrets(&inner.settings.credentials);
        let is_known = |text: &str| inner.ledger.knows(text) || secrets.contains(&text);
        let redactor = Redactor {
            is_known: &is_known,
        };
        let key = format!("{} {}", request.method, redactor.path(&request.path));
        inner.counts.arrived(route, &key);
        if request.listener == crate::http::Listener::Foreign {
            inner.counts.foreign += 1;
        }
        if inner.settings.journal {
            let mut entry = Entry::new(now_ms, request, route, &redactor);
            entry.seq = seq;
            entry.fault = fault.as_ref().map(|fault| fault.action.name());
            inner.journal.keep(entry, inner.settings.journal_limit);
        }
        drop(guard);
        self.notify();
        Plan {
            seq,
            key,
            claim,
            fault,
        }
    }

    /// Records the response. Called before its first byte is sent, so that a client that has the response finds it in the journal.
    pub(crate) fn answered(
        &self,
        (seq, key): (u64, &str),
        request: &Request,
        route: &Route,
        outcome: &Outcome<'_>,
    ) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.counts.answered(route, key);
        if let Some(provider) = route.provider {
            if route.kind == crate::provider::Kind::Api && outcome.status == Some(401) {
                inner.counts.api_401(provider);
                if let Some((_, token)) = request.authorization() {
                    inner.ledger.mark_refused(token);
                }
            }
            if outcome.delivered && outcome.response.superfluous_login {
                inner.counts.superfluous_login(provider);
            }
        }
        if outcome.delivered {
            for token in &outcome.response.issued {
                inner.ledger.hand_over(token);
            }
        }
        match outcome.note {
            Some("script_exhausted") => inner.counts.script_exhausted += 1,
            Some("expect_failed") => inner.counts.expect_failed += 1,
            _ => {}
        }
        if let Some(entry) = inner.journal.entry_mut(seq) {
            let fingerprints = |tokens: &[String]| {
                tokens
                    .iter()
                    .map(|token| crate::digest::fingerprint(token))
                    .collect()
            };
            entry.status = outcome.status;
            entry.note = outcome.note;
            entry.mismatches.clone_from(&outcome.mismatches);
            entry.issued = fingerprints(&outcome.response.issued);
            entry.issued_refresh = fingerprints(&outcome.response.issued_refresh);
        }
        drop(guard);
        self.notify();
    }

    /// Notes that the client closed the connection before it had a response.
    pub(crate) fn abandoned(&self, seq: u64) {
        if let Some(entry) = self.lock().journal.entry_mut(seq) {
            entry.note = Some("client_gone");
        }
        self.notify();
    }

    /// A renderer of templates for the present time.
    pub(crate) fn with_scope<T>(&self, render: impl FnOnce(&mut Scope<'_>) -> T) -> T {
        let mut inner = self.lock();
        render(&mut Scope {
            now_ms: self.clock.now_ms(),
            base: &self.addresses.url,
            foreign: &self.addresses.foreign_url,
            vars: &mut inner.script.vars,
        })
    }

    /// Holds a request. The receiver resolves when it is released.
    pub(crate) fn hold(&self) -> (u64, oneshot::Receiver<()>) {
        let (release, released) = oneshot::channel();
        let mut inner = self.lock();
        inner.last_hold += 1;
        let id = inner.last_hold;
        inner.held.push_back((id, release));
        drop(inner);
        self.notify();
        (id, released)
    }

    /// Removes a held request whose client is gone.
    pub(crate) fn forget_hold(&self, id: u64) {
        self.lock().held.retain(|(held, _)| *held != id);
        self.notify();
    }

    /// Releases the oldest `count` held requests. Returns how many were released and how many are left.
    pub(crate) fn release(&self, count: Option<usize>) -> (usize, usize) {
        let mut inner = self.lock();
        let wanted = count.unwrap_or(usize::MAX).min(inner.held.len());
        let released: Vec<_> = inner.held.drain(..wanted).collect();
        let left = inner.held.len();
        drop(inner);
        let mut went = 0;
        for (_, release) in released {
            // Fails if the client is gone.
            went += usize::from(release.send(()).is_ok());
        }
        self.notify();
        (went, left)
    }

    pub(crate) fn held(&self) -> usize {
        self.lock().held.len()
    }

    /// Restores the state after the start, and releases held requests. Journal numbers go on.
    pub(crate) fn reset(&self) {
        self.release(None);
        self.clock.reset();
        let mut inner = self.lock();
        inner.settings = Arc::clone(&self.start_settings);
        inner.ledger = Ledger::default();
        inner.armed.clear();
        inner.script = Script::default();
        inner.journal.clear();
        inner.counts = Counts::default();
    }

    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.lock().settings)
    }

    /// Calls `show` with a redactor that knows all secrets and tokens.
    pub(crate) fn redacted<T>(&self, show: impl FnOnce(&Redactor<'_>) -> T) -> T {
        let inner = self.lock();
        let secrets = secrets(&inner.settings.credentials);
        let is_known = |text: &str| inner.ledger.knows(text) || secrets.contains(&text);
        show(&Redactor {
            is_known: &is_known,
        })
    }

    /// The start line.
    pub(crate) fn info(&self) -> Value {
        let url = &self.addresses.url;
        let providers: serde_json::Map<String, Value> = Provider::ALL
            .into_iter()
            .map(|provider| {
                let entry = serde_json::json!({
                    "base_url": url,
                    "token_url": format!("{url}{}", provider.token_path()),
                    "revoke_url": provider.revoke_path().map(|path| format!("{url}{path}")),
                    "api_url": format!("{url}/{}/api", provider.name()),
                });
                (provider.name().to_owned(), entry)
            })
            .collect();
        serde_json::json!({
            "url": url,
            "foreign_url": self.addresses.foreign_url,
            "https_url": self.addresses.https_url,
            "control_url": format!("{url}/_sandbox"),
            "providers": providers,
            "credentials": self.lock().settings.credentials,
            "ca_pem": self.addresses.ca_pem,
            "client_cert_pem": self.addresses.client_cert_pem,
            "client_key_pem": self.addresses.client_key_pem,
        })
    }
}

/// How a request ended.
pub(crate) struct Outcome<'a> {
    pub(crate) response: &'a Response,
    /// `None` if a fault sends no status.
    pub(crate) status: Option<u16>,
    /// Whether the client receives the whole response.
    pub(crate) delivered: bool,
    pub(crate) note: Option<&'static str>,
    pub(crate) mismatches: Vec<String>,
}

/// Secrets, which must not be shown under any name.
fn secrets(credentials: &Credentials) -> [&str; 8] {
    [
        &credentials.pismo.server_secret,
        &credentials.pismo.client_secret,
        &credentials.passkit.password,
        &credentials.passkit.api_secret,
        &credentials.wso2.consumer_secret,
        &credentials.wso2.password,
        &credentials.plain.client_secret,
        &credentials.plain.password,
    ]
}
