//! One vector, from its sandbox settings to its last check.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evertoken::event::What;
use evertoken::{Client, Event, HeaderMap, HeaderValue, Seen, Subscription, Verdict};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::capture;
use crate::check;
use crate::client::builder;
use crate::outcome::{self, Outcome, show_error};
use crate::step::{CallExpect, ControlStep, JudgeStep, Step, UntilStep};
use crate::{Failure, Place, Vector};

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
        let filled = place.fill_text(secret, &vector.name)?;
        run.secrets.push(
            filled
                .as_str()
                .map_or_else(|| filled.to_string(), str::to_owned),
        );
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

struct Running {
    expect: CallExpect,
    handles: Vec<JoinHandle<Outcome>>,
    save: Option<String>,
}

struct Run<'a> {
    place: &'a Place,
    vector: &'a Vector,
    clients: BTreeMap<String, Client>,
    events: Arc<Mutex<Heard>>,
    subscription: Option<Subscription>,
    calls: BTreeMap<String, Running>,
    saved: BTreeMap<String, String>,
    secrets: Vec<String>,
    shown: Vec<String>,
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

    fn client(&mut self, name: &str) -> Result<Client, Failure> {
        if let Some(client) = self.clients.get(name) {
            return Ok(client.clone());
        }
        let client = self
            .build(name)?
            .map_err(|error| format!("client {name}: {error}"))?;
        if name == "a" {
            let events = Arc::clone(&self.events);
            self.subscription = Some(client.on_event(move |event| {
                let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                events.names.push(event_name(event));
                events.shown.push(format!("{event:?}"));
            }));
        }
        self.clients.insert(name.to_owned(), client.clone());
        Ok(client)
    }

    fn named(&mut self, name: Option<&String>) -> Result<Client, Failure> {
        self.client(name.map_or("a", String::as_str))
    }

    fn text(&self, text: &str) -> Result<String, Failure> {
        let filled = self.place.fill_text(text, &self.vector.name)?;
        Ok(filled
            .as_str()
            .map_or_else(|| filled.to_string(), str::to_owned))
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Token(step) => {
                let client = self.named(step.client.as_ref())?;
                let handles = spawn(step.callers, || {
                    outcome::token(client.clone(), step.clone())
                });
                self.calls(handles, &step.expect, step.id.as_ref(), step.save.as_ref())
                    .await
            }
            Step::Authorization(step) => {
                let client = self.named(step.client.as_ref())?;
                let mut filled = step.clone();
                filled.url = step.url.as_deref().map(|url| self.text(url)).transpose()?;
                let handles = spawn(step.callers, || {
                    outcome::authorization(client.clone(), filled.clone())
                });
                self.calls(handles, &step.expect, step.id.as_ref(), step.save.as_ref())
                    .await
            }
            Step::Request(step) => {
                let client = self.named(step.client.as_ref())?;
                let mut filled = step.clone();
                filled.url = self.text(&step.url)?;
                let handles = spawn(step.callers, || {
                    outcome::request(client.clone(), filled.clone())
                });
                self.calls(handles, &step.expect, step.id.as_ref(), None)
                    .await
            }
            Step::Judge(step) => self.judge(step).await,
            Step::Control(step) => self.control(step).await,
            Step::Until(step) => self.until(step).await,
            Step::State(step) => {
                let state = self.named(step.client.as_ref())?.state();
                self.shown.push(format!("{state:?}"));
                check::state(&step.expect, &state)
            }
            Step::Stats(step) => {
                check::stats(&step.expect, &self.named(step.client.as_ref())?.stats())
            }
            Step::Invalidate(step) => self
                .named(step.client.as_ref())
                .map(|client| client.invalidate()),
            Step::Reset(step) => self
                .named(step.client.as_ref())
                .map(|client| client.reset()),
            Step::Close(step) => {
                let client = self.named(step.client.as_ref())?;
                let got = if step.revoke {
                    client
                        .revoke_and_close()
                        .await
                        .map_or_else(Outcome::Failed, |()| Outcome::Done)
                } else {
                    client.close();
                    Outcome::Done
                };
                self.shown.push(got.shown());
                check::outcome(&step.expect, &got, &self.saved)
            }
            Step::Join(step) => {
                let running = self.calls.remove(&step.id).ok_or("no such call")?;
                self.finish(
                    running.handles,
                    &running.expect,
                    running.save.as_ref(),
                    Some(&step.expect),
                )
                .await
            }
            Step::Cancel(step) => {
                for handle in self.calls.remove(&step.id).ok_or("no such call")?.handles {
                    handle.abort();
                    if handle.await.is_ok() {
                        return Err("it was over before it was cancelled".to_owned());
                    }
                }
                Ok(())
            }
        }
    }

    async fn calls(
        &mut self,
        handles: Vec<JoinHandle<Outcome>>,
        expect: &CallExpect,
        id: Option<&String>,
        save: Option<&String>,
    ) -> Result<(), Failure> {
        match id {
            None => self.finish(handles, expect, save, None).await,
            Some(id) => {
                self.calls.insert(
                    id.clone(),
                    Running {
                        expect: expect.clone(),
                        handles,
                        save: save.cloned(),
                    },
                );
                Ok(())
            }
        }
    }

    async fn finish(
        &mut self,
        handles: Vec<JoinHandle<Outcome>>,
        expect: &CallExpect,
        save: Option<&String>,
        join: Option<&CallExpect>,
    ) -> Result<(), Failure> {
        for handle in handles {
            let got = handle.await.map_err(|error| error.to_string())?;
            self.shown.push(got.shown());
            if let Outcome::Token { value, .. } = &got {
                self.secrets.push(value.clone());
            }
            check::outcome(join.unwrap_or(expect), &got, &self.saved)?;
            if let (Some(name), Some(value)) = (save, got.value()) {
                self.saved.insert(name.clone(), value.to_owned());
            }
        }
        Ok(())
    }

    async fn judge(&mut self, step: &JudgeStep) -> Result<(), Failure> {
        let client = self.named(step.client.as_ref())?;
        let url = self.text(&step.url)?;
        let authorization = client
            .authorize(&url)
            .await
            .map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in &step.headers {
            let name: http::HeaderName = name.parse().map_err(|_| "no header name")?;
            headers.append(
                name,
                HeaderValue::from_str(value).map_err(|_| "no header value")?,
            );
        }
        let seen = Seen {
            status: step.status,
            headers: &headers,
            body_prefix: step.body.as_bytes(),
            replayable: step.replayable,
            timeout: None,
        };
        let verdict = client.judge(&authorization, seen).await;
        self.shown.push(format!("{authorization:?} {verdict:?}"));
        let (word, reason) = match &verdict {
            Verdict::Done => ("done", None),
            Verdict::Resend(_) => ("resend", None),
            Verdict::GiveBack(given) => ("give_back", Some(given.reason.code())),
        };
        check::same("verdict", &step.expect.verdict.as_str(), &word)?;
        check::same("reason", &step.expect.reason.as_deref(), &reason)
    }

    async fn control(&self, step: &ControlStep) -> Result<(), Failure> {
        let (method, path) = match (&step.post, &step.get, &step.delete) {
            (Some(path), None, None) => ("POST", path),
            (None, Some(path), None) => ("GET", path),
            (None, None, Some(path)) => ("DELETE", path),
            _ => return Err("one of post, get, delete".to_owned()),
        };
        let answer = self.place.control(method, path, &step.body).await?;
        for (key, expected) in &step.expect.answer {
            check::same(key, &Some(expected), &answer.get(key))?;
        }
        Ok(())
    }

    async fn until(&mut self, step: &UntilStep) -> Result<(), Failure> {
        let client = self.named(step.client.as_ref())?;
        poll(|| check::stats(&step.stats, &client.stats())).await
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
                let events = Arc::clone(&self.events);
                let seen = move || {
                    events
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .names
                        .clone()
                };
                poll(|| {
                    if seen().len() < expected.len() {
                        Err("events are missing".to_owned())
                    } else {
                        Ok(())
                    }
                })
                .await
                .or_else(|_| check::events(expected, &seen(), any_order))?;
                check::events(expected, &seen(), any_order)?;
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
        if let Some(calls) = &expect.calls {
            let got: BTreeMap<String, u64> = serde_json::from_value(counts["paths"].clone())
                .map_err(|error| error.to_string())?;
            if *calls != got {
                let journal = self
                    .place
                    .control("GET", "/_sandbox/journal", &Value::Null)
                    .await?;
                return Err(format!(
                    "calls: expected {calls:?}, got {got:?}\n{journal:#}"
                ));
            }
        }
        let mut numbers: BTreeMap<String, u64> = ["script_exhausted", "expect_failed", "foreign"]
            .map(|name| (name.to_owned(), 0))
            .into();
        numbers.extend(expect.counts.clone());
        if let Err(failure) = check::numbers(&numbers, &counts) {
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

    fn no_secret(&self) -> Result<(), Failure> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let logged = capture::take();
        for text in self.shown.iter().chain(&events.shown).chain(&logged) {
            if let Some(secret) = self
                .secrets
                .iter()
                .find(|secret| !secret.is_empty() && text.contains(secret.as_str()))
            {
                return Err(format!("the secret {secret} is shown in: {text}"));
            }
        }
        Ok(())
    }
}

fn spawn<F>(callers: Option<usize>, call: impl Fn() -> F) -> Vec<JoinHandle<Outcome>>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    (0..callers.unwrap_or(1))
        .map(|_| tokio::spawn(call()))
        .collect()
}

/// Asks until it holds; what does not hold after ten seconds has failed.
async fn poll(holds: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        match holds() {
            Err(_) if started.elapsed() < Duration::from_secs(10) => {
                tokio::time::sleep(Duration::from_millis(1)).await
            }
            outcome => return outcome,
        }
    }
}

/// The name and the detail of an event, as vectors write it.
fn event_name(event: &Event) -> String {
    let detail = match &event.what {
        What::TokenInstalled { via, .. } => Some(via.code()),
        What::FlightFailed { error } | What::LockedOut { error, .. } => Some(error.kind().code()),
        What::GivenBack { reason } => Some(reason.code()),
        _ => None,
    };
    detail.map_or_else(
        || event.name().to_owned(),
        |detail| format!("{}:{detail}", event.name()),
    )
}
