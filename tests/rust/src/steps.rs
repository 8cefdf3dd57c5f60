//! The steps of a vector, done.

use std::time::{Duration, Instant};

use evertoken::{Client, HeaderMap, HeaderValue, ResponseFacts, Verdict};
use tokio::task::JoinHandle;

use crate::outcome::{self, Outcome};
use crate::run::{Run, Running};
use crate::step::{CallExpect, CloseStep, ControlStep, JudgeStep, Step, UntilStep};
use crate::{Failure, check};

impl Run<'_> {
    fn named(&mut self, name: Option<&String>) -> Result<Client, Failure> {
        self.client(name.map_or("a", String::as_str))
    }

    /// Does one step.
    pub(crate) async fn step(&mut self, step: &Step) -> Result<(), Failure> {
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
            Step::Close(step) => self.close(step).await,
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

    /// Waits for the calls, or leaves them to a later step.
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

    async fn close(&mut self, step: &CloseStep) -> Result<(), Failure> {
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
        let seen = ResponseFacts {
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
pub(crate) async fn poll(holds: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        match holds() {
            Err(_) if started.elapsed() < Duration::from_secs(10) => {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            outcome => return outcome,
        }
    }
}
