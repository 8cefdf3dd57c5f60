//! Exact counts, which most tests assert.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::fault::RoutePattern;
use crate::provider::{Kind, Provider, Route};

/// How many paths are counted one by one.
const MAX_PATHS: usize = 10_000;

#[derive(Debug, Default, Clone, Copy)]
struct Pair {
    requests: u64,
    answered: u64,
}

/// All counters. They are cleared with the journal.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    kinds: BTreeMap<(Option<Provider>, Kind), Pair>,
    paths: BTreeMap<String, Pair>,
    api_401: BTreeMap<Provider, u64>,
    superfluous: BTreeMap<Provider, u64>,
    pub(crate) foreign: u64,
    pub(crate) connections: u64,
    pub(crate) script_exhausted: u64,
    pub(crate) expect_failed: u64,
}

impl Counts {
    pub(crate) fn arrived(&mut self, route: &Route, key: &str) {
        self.kinds
            .entry((route.provider, route.kind))
            .or_default()
            .requests += 1;
        // A program that runs for days may request any number of paths.
        if let Some(pair) = self.paths.get_mut(key) {
            pair.requests += 1;
        } else if self.paths.len() < MAX_PATHS {
            let first = Pair {
                requests: 1,
                answered: 0,
            };
            self.paths.insert(key.to_owned(), first);
        }
    }

    pub(crate) fn answered(&mut self, route: &Route, key: &str) {
        self.kinds
            .entry((route.provider, route.kind))
            .or_default()
            .answered += 1;
        if let Some(pair) = self.paths.get_mut(key) {
            pair.answered += 1;
        }
    }

    pub(crate) fn api_401(&mut self, provider: Provider) {
        *self.api_401.entry(provider).or_default() += 1;
    }

    pub(crate) fn superfluous_login(&mut self, provider: Provider) {
        *self.superfluous.entry(provider).or_default() += 1;
    }

    /// The number of requests to a route, and how many of them were answered.
    pub(crate) fn of(&self, pattern: &RoutePattern, provider: Option<Provider>) -> (u64, u64) {
        let pairs: Vec<Pair> = if pattern.is_path() {
            let wanted = pattern.as_str();
            let fits = |key: &str| {
                key == wanted || key.split_once(' ').is_some_and(|(_, path)| path == wanted)
            };
            self.paths
                .iter()
                .filter(|(key, _)| fits(key))
                .map(|(_, pair)| *pair)
                .collect()
        } else {
            let fits = |owner: Option<Provider>, kind| {
                pattern.matches_kind(kind) && (provider.is_none() || owner == provider)
            };
            self.kinds
                .iter()
                .filter(|((owner, kind), _)| fits(*owner, *kind))
                .map(|(_, pair)| *pair)
                .collect()
        };
        pairs.iter().fold((0, 0), |sum, pair| {
            (sum.0 + pair.requests, sum.1 + pair.answered)
        })
    }

    pub(crate) fn to_json(&self, held: usize) -> Value {
        let mut all = Map::new();
        for provider in Provider::ALL {
            all.insert(
                provider.name().to_owned(),
                self.provider_json(Some(provider)),
            );
        }
        let mut total = self.provider_json(None);
        let (requests, answered) = self.of(&RoutePattern::default(), None);
        total["requests"] = json!(requests);
        total["answered"] = json!(answered);
        total["other"] = json!(self.of(&RoutePattern::from("other".to_owned()), None).0);
        all.insert("total".to_owned(), total);
        let paths: Map<String, Value> = self
            .paths
            .iter()
            .map(|(key, pair)| (key.clone(), json!(pair.requests)))
            .collect();
        all.insert("paths".to_owned(), Value::Object(paths));
        all.insert("foreign".to_owned(), json!(self.foreign));
        all.insert("connections".to_owned(), json!(self.connections));
        all.insert("script_exhausted".to_owned(), json!(self.script_exhausted));
        all.insert("expect_failed".to_owned(), json!(self.expect_failed));
        all.insert("held".to_owned(), json!(held));
        Value::Object(all)
    }

    fn provider_json(&self, provider: Option<Provider>) -> Value {
        let kind = |name: &str| self.of(&RoutePattern::from(name.to_owned()), provider).0;
        let sum = |counts: &BTreeMap<Provider, u64>| -> u64 {
            counts
                .iter()
                .filter(|(owner, _)| provider.is_none_or(|wanted| wanted == **owner))
                .map(|(_, count)| count)
                .sum()
        };
        json!({
            "login": kind("login"),
            "refresh": kind("refresh"),
            "revoke": kind("revoke"),
            "api": kind("api"),
            "api_401": sum(&self.api_401),
            "superfluous_logins": sum(&self.superfluous),
        })
    }
}
