//! Handles a request: script, fault, provider, and sending the response.

use std::time::Duration;

use serde_json::json;

use crate::control;
use crate::expect::Expect;
use crate::fault::{self, Fault, FaultAction, ResetPoint};
use crate::http::{Connection, Request, Response};
use crate::provider::{self, Route};
use crate::script::{Claim, ScriptedResponse};
use crate::state::{Outcome, Plan, Shared};
use crate::template::Scope;
use crate::wire::{self, Wire};

/// Responds to a request. Returns the connection if it can take another one.
pub(crate) async fn handle(
    shared: &Shared,
    mut connection: Connection,
    request: Request,
) -> Option<Connection> {
    if control::is_control_path(&request.path) {
        let response = tokio::select! {
            response = control::over_http(shared, &request) => response,
            () = connection.closed() => return None,
        };
        return wire::send(shared, connection, &request, &response, Wire::Whole).await;
    }
    let route = Route::of(&request, shared);
    let plan = shared.arrive(&request, &route);
    let exchange = Exchange {
        shared,
        request,
        route,
    };
    exchange.run(connection, plan).await
}

struct Exchange<'a> {
    shared: &'a Shared,
    request: Request,
    route: Route,
}

/// The response to send, and what the journal notes about it.
struct Decision {
    sent: Response,
    wire: Wire,
    /// The provider's or the script's own response, if a fault sends another instead.
    lost: Option<Response>,
    note: Option<&'static str>,
    mismatches: Vec<String>,
}

impl Decision {
    fn whole(sent: Response, note: Option<&'static str>) -> Self {
        Self {
            sent,
            wire: Wire::Whole,
            lost: None,
            note,
            mismatches: Vec::new(),
        }
    }
}

impl Exchange<'_> {
    async fn run(self, mut connection: Connection, plan: Plan) -> Option<Connection> {
        let Plan {
            seq,
            key,
            claim,
            fault,
        } = plan;
        let scripted = claim.as_ref().and_then(Claim::scripted);
        let delay_ms =
            scripted.map_or(0, |response| response.delay_ms) + fault.as_ref().map_or(0, delay_of);
        if delay_ms > 0 && !self.delay(&mut connection, seq, delay_ms).await {
            return None;
        }
        let unmet = scripted.and_then(|response| self.unmet(response));
        let decision = match (unmet, fault) {
            (Some(unmet), _) => unmet,
            (None, None) => self.decide(claim.as_ref(), seq),
            (None, Some(fault)) => {
                let decided = (fault.processed && is_hold(&fault.action))
                    .then(|| self.decide(claim.as_ref(), seq));
                if is_hold(&fault.action) && !self.hold(&mut connection, seq).await {
                    return None;
                }
                self.apply(&fault, decided, claim.as_ref(), seq)
            }
        };
        self.finish(connection, (seq, &key), decision).await
    }

    /// Waits in real time; false if the client closed the connection.
    async fn delay(&self, connection: &mut Connection, seq: u64, delay_ms: u64) -> bool {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay_ms)) => true,
            () = connection.closed() => {
                self.shared.abandoned(seq);
                false
            }
        }
    }

    /// Compares the request with what the script expects, then makes the script's control calls. Returns a response that says
    /// what went wrong; `None` if nothing did.
    fn unmet(&self, scripted: &ScriptedResponse) -> Option<Decision> {
        let mismatches = scripted
            .expect
            .as_ref()
            .map_or_else(Vec::new, |expect| self.mismatches(expect));
        if !mismatches.is_empty() {
            let body = json!({"error": "sandbox_expect_failed", "mismatches": mismatches});
            let mut decision = Decision::whole(Response::json(500, &body), Some("expect_failed"));
            decision.mismatches = mismatches;
            return Some(decision);
        }
        scripted.calls.iter().flatten().find_map(|(call, body)| {
            let error = control::scripted(self.shared, call, body).err()?;
            Some(Decision::whole(error.response(), Some("expect_failed")))
        })
    }

    fn mismatches(&self, expect: &Expect) -> Vec<String> {
        // With copies, because the redactor holds the lock that `with_scope` would take.
        let mut vars = self.shared.lock().script.vars.clone();
        let addresses = &self.shared.addresses;
        let mut scope = Scope {
            now_ms: self.shared.clock.now_ms(),
            base: &addresses.url,
            foreign: &addresses.foreign_url,
            vars: &mut vars,
        };
        self.shared
            .redacted(|redactor| expect.mismatches(&self.request, &mut scope, redactor))
    }

    /// The script's or the provider's response.
    fn decide(&self, claim: Option<&Claim>, seq: u64) -> Decision {
        match claim {
            Some(Claim::Exhausted) => {
                let body = json!({"error": "sandbox_script_exhausted"});
                Decision::whole(Response::json(500, &body), Some("script_exhausted"))
            }
            Some(Claim::Response(scripted)) => {
                match self.shared.with_scope(|scope| scripted.render(scope)) {
                    Ok(response) => Decision::whole(response, Some("script")),
                    Err(error) => Decision::whole(template_error(&error), Some("expect_failed")),
                }
            }
            None => Decision::whole(
                provider::respond(self.shared, &self.request, &self.route, seq),
                None,
            ),
        }
    }

    /// The response after a fault.
    fn apply(
        &self,
        fault: &Fault,
        decided: Option<Decision>,
        claim: Option<&Claim>,
        seq: u64,
    ) -> Decision {
        match &fault.action {
            FaultAction::Revoke { what } => {
                self.shared
                    .lock()
                    .ledger
                    .revoke_all(self.route.provider, *what);
            }
            FaultAction::Rotate => {
                provider::rotate_all(self.shared, self.route.provider);
            }
            _ => {}
        }
        let keeps_answer = matches!(
            fault.action,
            FaultAction::Gate
                | FaultAction::Delay { .. }
                | FaultAction::Revoke { .. }
                | FaultAction::Rotate
        );
        let decided =
            decided.or_else(|| (keeps_answer || fault.processed).then(|| self.decide(claim, seq)));
        if keeps_answer {
            return decided.unwrap_or_else(|| self.decide(claim, seq));
        }
        if let Some(wire) = wire_of(&fault.action) {
            let mut decision = decided.unwrap_or_else(|| Decision::whole(stock_answer(), None));
            decision.wire = wire;
            return decision;
        }
        let mut decision = Decision::whole(
            fault::response(self.shared, &self.request, &self.route, &fault.action),
            None,
        );
        if let Some(decided) = decided {
            decision.note = decided.note;
            decision.lost = Some(decided.sent);
        }
        decision
    }

    /// Waits for the release; false if the client closed the connection.
    async fn hold(&self, connection: &mut Connection, seq: u64) -> bool {
        let (id, released) = self.shared.hold();
        tokio::select! {
            // An error means that the whole sandbox was dropped.
            _ = released => true,
            () = connection.closed() => {
                // In this order, so that a test that sees no held request also finds the note.
                self.shared.abandoned(seq);
                self.shared.forget_hold(id);
                false
            }
        }
    }

    async fn finish(
        self,
        connection: Connection,
        at: (u64, &str),
        decision: Decision,
    ) -> Option<Connection> {
        let delivered = decision.wire == Wire::Whole && decision.lost.is_none();
        let outcome = Outcome {
            response: decision.lost.as_ref().unwrap_or(&decision.sent),
            status: decision.wire.sends_status().then_some(decision.sent.status),
            delivered,
            note: decision.note,
            mismatches: decision.mismatches,
        };
        self.shared
            .answered(at, &self.request, &self.route, &outcome);
        wire::send(
            self.shared,
            connection,
            &self.request,
            &decision.sent,
            decision.wire,
        )
        .await
    }
}

fn is_hold(action: &FaultAction) -> bool {
    matches!(action, FaultAction::Gate | FaultAction::Hang)
}

fn delay_of(fault: &Fault) -> u64 {
    match fault.action {
        FaultAction::Delay { ms } => fault.delay_ms + ms,
        _ => fault.delay_ms,
    }
}

fn wire_of(action: &FaultAction) -> Option<Wire> {
    Some(match action {
        FaultAction::Hang | FaultAction::Close => Wire::Nothing,
        FaultAction::Reset {
            at: ResetPoint::Before,
        } => Wire::Reset,
        FaultAction::Reset {
            at: ResetPoint::Middle,
        } => Wire::ResetInTheMiddle,
        FaultAction::HalfStatus => Wire::HalfStatus,
        FaultAction::Truncate => Wire::TooShort,
        FaultAction::ShortLength => Wire::TooLong,
        FaultAction::BadChunk => Wire::BadChunk,
        FaultAction::Garbage => Wire::Garbage,
        _ => return None,
    })
}

/// The response for a fault to break, if the provider has not processed the request.
fn stock_answer() -> Response {
    Response::json(
        200,
        &json!({"access_token": "never-valid", "token": "never-valid", "expires_in": 3600}),
    )
}

/// The response for a template that could not be rendered.
pub(crate) fn template_error(error: &str) -> Response {
    Response::json(500, &json!({"error": "sandbox_template", "message": error}))
}
