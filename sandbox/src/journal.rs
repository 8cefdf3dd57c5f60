//! The journal: all requests in order, without secrets.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::clock::iso;
use crate::digest::fingerprint;
use crate::http::{Listener, Request};
use crate::provider::{Kind, Provider, Route};
use crate::redact::Redactor;

/// Longest body that is kept as JSON.
const MAX_READABLE_BODY: usize = 64 * 1024;

/// `Authorization`, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShownAuthorization {
    scheme: Option<String>,
    fingerprint: String,
}

/// One request; the fields are described in the crate's README.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    at_ms: i64,
    at: String,
    listener: Listener,
    provider: Option<Provider>,
    kind: Kind,
    method: String,
    path: String,
    query: String,
    grant_type: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) note: Option<&'static str>,
    pub(crate) mismatches: Vec<String>,
    headers: Vec<String>,
    authorization: Option<ShownAuthorization>,
    body_length: usize,
    body_sha256: String,
    body: Option<Value>,
    pub(crate) issued: Vec<String>,
    pub(crate) issued_refresh: Vec<String>,
}

impl Entry {
    pub(crate) fn new(
        now_ms: i64,
        request: &Request,
        route: &Route,
        redactor: &Redactor<'_>,
    ) -> Self {
        let mut headers: Vec<String> = request
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        headers.sort_unstable();
        headers.dedup();
        Self {
            seq: 0,
            at_ms: now_ms,
            at: iso(now_ms),
            listener: request.listener,
            provider: route.provider,
            kind: route.kind,
            method: request.method.clone(),
            path: redactor.path(&request.path),
            query: redactor.query(&request.query),
            grant_type: route.grant_type.clone(),
            status: None,
            fault: None,
            note: None,
            mismatches: Vec::new(),
            headers,
            authorization: request.authorization().map(|(scheme, credentials)| {
                ShownAuthorization {
                    scheme: scheme.map(shown_scheme),
                    fingerprint: fingerprint(credentials),
                }
            }),
            body_length: request.body.len(),
            body_sha256: request.body_sha256().to_owned(),
            body: readable_body(request, redactor),
            issued: Vec::new(),
            issued_refresh: Vec::new(),
        }
    }
}

/// The scheme as sent, if it is a known one: a malformed header may begin with a part of a secret.
fn shown_scheme(scheme: &str) -> String {
    const KNOWN: [&str; 9] = [
        "basic",
        "bearer",
        "digest",
        "dpop",
        "jwt",
        "negotiate",
        "oauth",
        "oauth2",
        "token",
    ];
    if KNOWN.contains(&scheme.to_ascii_lowercase().as_str()) {
        scheme.to_owned()
    } else {
        "other".to_owned()
    }
}

fn readable_body(request: &Request, redactor: &Redactor<'_>) -> Option<Value> {
    if request.body.is_empty() || request.body.len() > MAX_READABLE_BODY {
        return None;
    }
    if let Some(form) = request.form() {
        return Some(redactor.form(form));
    }
    // A bare JSON string or number has no field name that tells whether it is a secret.
    request
        .json()
        .filter(|value| value.is_object() || value.is_array())
        .map(|value| redactor.json("", value))
}

/// The entries that are kept.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    last_seq: u64,
    dropped: u64,
}

impl Journal {
    /// The number for the next request, which is used up even if no entry is kept.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.last_seq += 1;
        self.last_seq
    }

    pub(crate) fn keep(&mut self, entry: Entry, limit: usize) {
        self.entries.push_back(entry);
        while self.entries.len() > limit {
            self.entries.pop_front();
            self.dropped += 1;
        }
    }

    /// The entry with this number, if it is still kept.
    pub(crate) fn entry_mut(&mut self, seq: u64) -> Option<&mut Entry> {
        let index = self
            .entries
            .binary_search_by_key(&seq, |entry| entry.seq)
            .ok()?;
        self.entries.get_mut(index)
    }

    /// Entries after `since`, and how many were dropped.
    pub(crate) fn since(&self, since: u64) -> (Vec<Entry>, u64) {
        (
            self.entries
                .iter()
                .filter(|entry| entry.seq > since)
                .cloned()
                .collect(),
            self.dropped,
        )
    }

    /// Clears the entries. Numbers are not reused, so that a late response is not noted in another request's entry.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.dropped = 0;
    }
}
