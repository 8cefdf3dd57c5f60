//! One vector, from its sandbox settings to its last check.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evertoken::event::EventKind;
use evertoken::{Client, Event, Subscription};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::client::builder;
use crate::outcome::{Outcome, show_error};
use crate::step::CallExpect;
use crate::steps::poll;
use crate::vector::EndExpect;
use crate::{Failure, Place, Vector, capture, check};

/// Runs one vector.
///
/// # Errors
/// The step or the final check that failed, and how.
pub async fn run(place: &Place, vector: &Vector) -> Result<(), Failure> {
    place.control("POST", "/_sandbox/reset", &json!({})).await?;
    capture::listen();
    capture::take();
    for (path, body) in [
        ("settings", &vector.settings),
        ("script", &vector.script),
        ("faults", &vector.faults),
    ] {
        if let Some(body) = body {
            place
                .control("POST", &format!("/_sandbox/{path}"), body)
                .await?;
        }
    }
    let mut run = Run {
        place,
        vector,
        clients: BTreeMap::new(),
        events: Arc::default(),
        subscription: None,
        calls: BTreeMap::new(),
        saved: BTreeMap::new(),
        secrets: Vec::new(),
        shown: Vec::new(),
    };
    for secret in &vector.secrets {
        let filled = run.text(secret)?;
        run.secrets.push(filled);
    }
    if let Some(expected) = &vector.build_error {
        return run.refused(expected);
    }
    run.client("a")?;
    for (number, step) in vector.steps.iter().enumerate() {
        run.step(step)
            .await
            .map_err(|failure| format!("step {}: {failure}\n  {step:?}", number + 1))?;
    }
    run.end().await
}

#[derive(Default)]
struct Heard {
    names: Vec<String>,
    shown: Vec<String>,
}

/// Calls that were started and not waited for.
pub(crate) struct Running {
    pub(crate) expect: CallExpect,
    pub(crate) handles: Vec<JoinHandle<Outcome>>,
    pub(crate) save: Option<String>,
}

/// What a vector has brought about so far.
pub(crate) struct Run<'a> {
    pub(crate) place: &'a Place,
    vector: &'a Vector,
    clients: BTreeMap<String, Client>,
    events: Arc<Mutex<Heard>>,
    subscription: Option<Subscription>,
    pub(crate) calls: BTreeMap<String, Running>,
    pub(crate) saved: BTreeMap<String, String>,
    pub(crate) secrets: Vec<String>,
    /// Everything that could be printed.
    pub(crate) shown: Vec<String>,
}

impl Run<'_> {
    fn options(&self, name: &str) -> Result<Map<String, Value>, Failure> {
        let mut options = self.vector.options.clone();
        if name != "a" {
            options.extend(
                self.vector
                    .clients
                    .get(name)
                    .ok_or_else(|| format!("there is no client {name}"))?
                    .clone(),
            );
        }
        self.place.fill_map(&options, &self.vector.name)
    }

    fn build(&mut self, name: &str) -> Result<evertoken::Result<Client>, Failure> {
        let builder = builder(&self.vector.flow, &self.options(name)?)?;
        self.shown.push(format!("{builder:?}"));
        Ok(builder.and_then(evertoken::ClientBuilder::build))
    }

    fn refused(&mut self, expected: &crate::step::ErrorExpect) -> Result<(), Failure> {
        match self.build("a")? {
            Ok(client) => Err(format!("the client was made: {client:?}")),
            Err(error) => {
                self.shown.push(show_error(&error));
                check::error(expected, &error)?;
                self.no_secret()
            }
        }
    }

    /// The client of this name, made at its first use.
    pub(crate) fn client(&mut self, name: &str) -> Result<Client, Failure> {
        if let Some(client) = self.clients.get(name) {
            return Ok(client.clone());
        }
        let client = self
            .build(name)?
            .map_err(|error| format!("client {name}: {error}"))?;
        if name == "a" {
            let events = Arc::clone(&self.events);
            self.subscription = Some(client.on_event(move |event| {
                let mut events = lock(&events);
                events.names.push(event_name(event));
                events.shown.push(format!("{event:?}"));
            }));
        }
        self.clients.insert(name.to_owned(), client.clone());
        Ok(client)
    }

    /// A text with its placeholders filled.
    pub(crate) fn text(&self, text: &str) -> Result<String, Failure> {
        let filled = self.place.fill_text(text, &self.vector.name)?;
        Ok(filled
            .as_str()
            .map_or_else(|| filled.to_string(), str::to_owned))
    }

    async fn end(mut self) -> Result<(), Failure> {
        if let Some(id) = self.calls.keys().next() {
            return Err(format!("nobody joined {id}"));
        }
        let expect = &self.vector.expect;
        let client = self.client("a")?;
        self.shown
            .push(format!("{client:?} {client:#?} {:?}", client.state()));
        for (expected, any_order) in [(&expect.events, false), (&expect.events_any_order, true)] {
            if let Some(expected) = expected {
                // What a background flight tells may still be on its way; that it does not come is told by the comparison.
                let _ = poll(|| self.heard(expected.len())).await;
                check::events(expected, &lock(&self.events).names, any_order)?;
            }
        }
        if let Some(state) = &expect.state {
            check::state(state, &client.state())?;
        }
        check::stats(&expect.stats, &client.stats())?;
        let counts = self
            .place
            .control("GET", "/_sandbox/counts", &Value::Null)
            .await?;
        if let Err(failure) = counted(expect, &counts) {
            let journal = self
                .place
                .control("GET", "/_sandbox/journal", &Value::Null)
                .await?;
            return Err(format!("{failure}\n{journal:#}"));
        }
        self.no_secret()?;
        for client in self.clients.values() {
            client.close();
        }
        Ok(())
    }

    fn heard(&self, count: usize) -> Result<(), Failure> {
        let heard = lock(&self.events).names.len();
        if heard < count {
            Err(format!("{heard} of {count} events"))
        } else {
            Ok(())
        }
    }

    fn no_secret(&self) -> Result<(), Failure> {
        let events = lock(&self.events);
        let logged = capture::take();
        for text in self.shown.iter().chain(&events.shown).chain(&logged) {
            let found = self
                .secrets
                .iter()
                .find(|secret| !secret.is_empty() && text.contains(secret.as_str()));
            if let Some(secret) = found {
                return Err(format!("the secret {secret} is shown in: {text}"));
            }
        }
        Ok(())
    }
}

fn counted(expect: &EndExpect, counts: &Value) -> Result<(), Failure> {
    if let Some(calls) = &expect.calls {
        let got: BTreeMap<String, u64> =
            serde_json::from_value(counts["paths"].clone()).map_err(|error| error.to_string())?;
        check::same("calls", calls, &got)?;
    }
    let always = ["script_exhausted", "expect_failed", "foreign"];
    let mut numbers: BTreeMap<String, u64> = always.map(|name| (name.to_owned(), 0)).into();
    numbers.extend(expect.counts.clone());
    check::numbers(&numbers, counts)
}

fn lock(events: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name and the detail of an event, as vectors write it.
fn event_name(event: &Event) -> String {
    let detail = match &event.kind {
        EventKind::TokenInstalled { via, .. } => Some(via.code()),
        EventKind::FlightFailed { error } | EventKind::LockedOut { error, .. } => {
            Some(error.kind().code())
        }
        EventKind::GivenBack { reason } => Some(reason.code()),
        _ => None,
    };
    detail.map_or_else(
        || event.name().to_owned(),
        |detail| format!("{}:{detail}", event.name()),
    )
}
