//! How an answer goes over the wire, whole or disfigured.

use bytes::{BufMut, BytesMut};

use crate::clock::http_date;
use crate::exchange::template_error;
use crate::fault::FaultAction;
use crate::http::{Answer, Connection, Request, push_header};
use crate::provider::{
    ApiRefusal, Kind, Provider, Route, api_refusal, gateway_fault, rate_limited, token_refusal,
};
use crate::script::{set_headers, with_body};
use crate::state::Shared;

/// The shape in which an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Whole,
    /// FIN without a byte.
    Nothing,
    /// RST without a byte.
    Reset,
    /// Head and half of the body, then RST.
    ResetInTheMiddle,
    /// `HTTP/1.1 20`, then FIN.
    HalfStatus,
    /// Half of the announced body, then FIN.
    TooShort,
    /// Twice the announced body, then FIN.
    TooLong,
    /// A chunk size that is no number.
    BadChunk,
    /// No HTTP at all.
    Garbage,
}

impl Wire {
    /// Whether the client gets to see a whole status line.
    pub(crate) fn sends_status(self) -> bool {
        !matches!(
            self,
            Self::Nothing | Self::Reset | Self::HalfStatus | Self::Garbage
        )
    }
}

/// Sends an answer; the connection comes back if it can take another request.
pub(crate) async fn send(
    shared: &Shared,
    mut connection: Connection,
    request: &Request,
    answer: &Answer,
    wire: Wire,
) -> Option<Connection> {
    let keep_alive = wire == Wire::Whole && request.keep_alive && !says_close(answer);
    let head = head(shared, answer, keep_alive || says_close(answer));
    let half = answer.body.len() / 2;
    let bytes = match wire {
        Wire::Nothing => BytesMut::new(),
        Wire::Reset => {
            connection.reset();
            return None;
        }
        Wire::HalfStatus => BytesMut::from(&b"HTTP/1.1 20"[..]),
        Wire::Garbage => BytesMut::from(
            &b"\x16\x03\x01\x00\xff\xfe\x00garbage\x00\r\n\x80\x81 not http\r\n\r\n"[..],
        ),
        Wire::Whole => {
            let body = if request.method == "HEAD" || !answer.may_have_body() {
                &[]
            } else {
                answer.body.as_ref()
            };
            let length = (answer.may_have_body() && !answer.has_header("content-length"))
                .then_some(answer.body.len());
            assemble(head, length, body)
        }
        Wire::ResetInTheMiddle => assemble(head, Some(answer.body.len()), &answer.body[..half]),
        // An empty body still has to come out short.
        Wire::TooShort => assemble(head, Some(answer.body.len().max(2)), &answer.body[..half]),
        Wire::TooLong => assemble(head, Some(half), &answer.body),
        Wire::BadChunk => {
            let mut bytes = BytesMut::from(head.as_bytes());
            bytes.put_slice(b"transfer-encoding: chunked\r\n\r\n");
            bytes.put_slice(format!("{half:x}\r\n").as_bytes());
            bytes.put_slice(&answer.body[..half]);
            bytes.put_slice(b"\r\nnot-a-size\r\n");
            bytes
        }
    };
    // Head and body in one write: one segment where it fits, and nothing for the other end's Nagle to wait for.
    if connection.write(&bytes).await.is_err() {
        return None;
    }
    match wire {
        Wire::Whole if keep_alive => return Some(connection),
        Wire::ResetInTheMiddle => connection.reset(),
        _ => connection.finish().await,
    }
    None
}

/// A refusal of a request that could not be read.
pub(crate) async fn refuse(shared: &Shared, mut connection: Connection, status: u16) {
    let answer = Answer::json(status, &serde_json::json!({"error": "sandbox_bad_request"}));
    let bytes = assemble(
        head(shared, &answer, false),
        Some(answer.body.len()),
        &answer.body,
    );
    if connection.write(&bytes).await.is_ok() {
        connection.finish().await;
    }
}

fn head(shared: &Shared, answer: &Answer, silent_about_connection: bool) -> String {
    let settings = shared.settings();
    let skew = answer.date_skew_secs.unwrap_or(settings.date_skew_secs);
    let with_date = settings.send_date && !answer.no_date;
    let date = with_date.then(|| http_date(shared.clock.now_secs().saturating_add(skew)));
    let mut head = answer.head(date.as_deref());
    if !silent_about_connection {
        push_header(&mut head, "connection", "close");
    }
    head
}

fn assemble(mut head: String, length: Option<usize>, body: &[u8]) -> BytesMut {
    if let Some(length) = length {
        push_header(&mut head, "content-length", &length.to_string());
    }
    let mut bytes = BytesMut::with_capacity(head.len() + 2 + body.len());
    bytes.put_slice(head.as_bytes());
    bytes.put_slice(b"\r\n");
    bytes.put_slice(body);
    bytes
}

fn says_close(answer: &Answer) -> bool {
    answer.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
    })
}

/// The answer of a fault that sends one of its own.
pub(crate) fn fault_answer(
    shared: &Shared,
    request: &Request,
    route: &Route,
    action: &FaultAction,
) -> Answer {
    let settings = shared.settings();
    let provider = route.provider.unwrap_or(Provider::Plain);
    match action {
        FaultAction::Status {
            status,
            headers,
            json,
            text,
            body_base64,
        } => shared
            .with_scope(|scope| {
                let mut answer = with_body(
                    Answer::new(*status),
                    json.as_ref(),
                    text.as_deref(),
                    body_base64.as_deref(),
                    scope,
                )?;
                set_headers(&mut answer, headers, scope)?;
                Ok(answer)
            })
            .unwrap_or_else(|error: String| template_error(&error)),
        FaultAction::Unauthorized {
            code,
            format,
            status,
            description,
        } => {
            if matches!(route.kind, Kind::Login | Kind::Refresh | Kind::Revoke) {
                return token_refusal(provider, &settings, *status);
            }
            let refusal = ApiRefusal {
                status: *status,
                code: code.unwrap_or(900_901),
                description: description.clone().unwrap_or_default(),
                format: *format,
            };
            api_refusal(provider, &settings, &refusal)
        }
        FaultAction::RateLimited {
            retry_after,
            retry_after_date,
            no_retry_after,
        } => {
            let seconds = retry_after.map(|after| (after, false));
            let date = retry_after_date.map(|after| (after, true));
            let by_default = (1, provider == Provider::Wso2);
            let retry_after = (!no_retry_after).then(|| seconds.or(date).unwrap_or(by_default));
            rate_limited(
                provider,
                route.kind,
                &settings,
                shared.clock.now_secs(),
                retry_after,
            )
        }
        FaultAction::Gateway { format } => gateway_fault(*format),
        FaultAction::Html { status } => Answer::html(*status, "It works"),
        FaultAction::Empty { status } => Answer::new(*status),
        FaultAction::BadJson { status } => Answer::text(
            *status,
            "application/json",
            "{\"access_token\":\"abc\",\"token\":\"ab",
        ),
        FaultAction::Huge { bytes, status } => {
            let frame = "{\"pad\":\"\"}".len();
            let pad = "x".repeat(bytes.saturating_sub(frame));
            Answer::text(
                *status,
                "application/json",
                format!("{{\"pad\":\"{pad}\"}}"),
            )
        }
        FaultAction::Redirect { status, location } => {
            let other_origin = || format!("{}{}", shared.addresses.foreign_url, request.path);
            Answer::new(*status)
                .with_header("location", location.clone().unwrap_or_else(other_origin))
        }
        // The others keep the normal answer or send none.
        _ => Answer::new(500),
    }
}
