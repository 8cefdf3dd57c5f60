//! Sends responses, whole or broken by a fault.

use bytes::{BufMut, BytesMut};

use crate::clock::http_date;
use crate::http::{Connection, Request, Response, push_header};
use crate::state::Shared;

/// How a response is sent.
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
    /// A chunk size that is not a number.
    BadChunk,
    /// Bytes that are not HTTP.
    Garbage,
}

impl Wire {
    /// Whether the client receives a whole status line.
    pub(crate) fn sends_status(self) -> bool {
        !matches!(
            self,
            Self::Nothing | Self::Reset | Self::HalfStatus | Self::Garbage
        )
    }
}

/// Sends a response. Returns the connection if it can take another request.
pub(crate) async fn send(
    shared: &Shared,
    mut connection: Connection,
    request: &Request,
    response: &Response,
    wire: Wire,
) -> Option<Connection> {
    if wire == Wire::Reset {
        connection.reset();
        return None;
    }
    let keep_alive = wire == Wire::Whole && request.keep_alive && !says_close(response);
    let head = head(shared, response, keep_alive || says_close(response));
    let bytes = encoded(head, request, response, wire);
    // Head and body in one write, so that a small response is one segment.
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

/// The bytes to write for a response sent like this.
fn encoded(head: String, request: &Request, response: &Response, wire: Wire) -> BytesMut {
    let half = response.body.len() / 2;
    match wire {
        Wire::Nothing | Wire::Reset => BytesMut::new(),
        Wire::HalfStatus => BytesMut::from(&b"HTTP/1.1 20"[..]),
        Wire::Garbage => BytesMut::from(
            &b"\x16\x03\x01\x00\xff\xfe\x00garbage\x00\r\n\x80\x81 not http\r\n\r\n"[..],
        ),
        Wire::Whole => {
            let body = if request.method == "HEAD" || !response.may_have_body() {
                &[]
            } else {
                response.body.as_ref()
            };
            let length = (response.may_have_body() && !response.has_header("content-length"))
                .then_some(response.body.len());
            assemble(head, length, body)
        }
        Wire::ResetInTheMiddle => assemble(head, Some(response.body.len()), &response.body[..half]),
        // So that even an empty body is shorter than announced.
        Wire::TooShort => assemble(
            head,
            Some(response.body.len().max(2)),
            &response.body[..half],
        ),
        Wire::TooLong => assemble(head, Some(half), &response.body),
        Wire::BadChunk => {
            let mut bytes = BytesMut::from(head.as_bytes());
            bytes.put_slice(b"transfer-encoding: chunked\r\n\r\n");
            bytes.put_slice(format!("{half:x}\r\n").as_bytes());
            bytes.put_slice(&response.body[..half]);
            bytes.put_slice(b"\r\nnot-a-size\r\n");
            bytes
        }
    }
}

/// Responds to a request that could not be read.
pub(crate) async fn refuse(shared: &Shared, mut connection: Connection, status: u16) {
    let response = Response::json(status, &serde_json::json!({"error": "sandbox_bad_request"}));
    let bytes = assemble(
        head(shared, &response, false),
        Some(response.body.len()),
        &response.body,
    );
    if connection.write(&bytes).await.is_ok() {
        connection.finish().await;
    }
}

fn head(shared: &Shared, response: &Response, silent_about_connection: bool) -> String {
    let settings = shared.settings();
    let skew = response.date_skew_secs.unwrap_or(settings.date_skew_secs);
    let with_date = settings.send_date && !response.no_date;
    let date = with_date.then(|| http_date(shared.clock.now_secs().saturating_add(skew)));
    let mut head = response.head(date.as_deref());
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

fn says_close(response: &Response) -> bool {
    response.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
    })
}
