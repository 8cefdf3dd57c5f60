//! How an answer goes over the wire, whole or disfigured.

use bytes::{BufMut, BytesMut};

use crate::clock::http_date;
use crate::http::{Answer, Connection, Request, push_header};
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
    if wire == Wire::Reset {
        connection.reset();
        return None;
    }
    let keep_alive = wire == Wire::Whole && request.keep_alive && !says_close(answer);
    let head = head(shared, answer, keep_alive || says_close(answer));
    let bytes = encoded(head, request, answer, wire);
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

/// What is written of an answer in this shape.
fn encoded(head: String, request: &Request, answer: &Answer, wire: Wire) -> BytesMut {
    let half = answer.body.len() / 2;
    match wire {
        Wire::Nothing | Wire::Reset => BytesMut::new(),
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
    }
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
