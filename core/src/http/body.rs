//! Request bodies as the HTTP library takes them, and response bodies as they arrive.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::Payload;
#[cfg(unix)]
use super::pool::InUse;

/// The body of one request.
pub(super) enum Body {
    /// In memory; `None` once it is sent, or if there is none.
    Whole(Option<Bytes>),
    /// A stream of pieces.
    Pieces(BoxStream<'static, io::Result<Bytes>>),
}

impl From<Payload> for Body {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Empty => Self::Whole(None),
            Payload::Bytes(bytes) => Self::Whole(Some(bytes)),
            Payload::Rewindable(make) => Self::Pieces(make()),
            Payload::Once(stream) => Self::Pieces(stream),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = match self.get_mut() {
            Self::Whole(bytes) => bytes.take().map(Ok),
            Self::Pieces(stream) => ready!(stream.poll_next_unpin(cx)),
        };
        Poll::Ready(next.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

/// The body of a response.
pub(super) struct ResponseBody {
    body: Incoming,
    /// The connection, while more of the body is to come and its reader must drive it.
    #[cfg(unix)]
    connection: Option<InUse>,
}

impl From<Incoming> for ResponseBody {
    fn from(body: Incoming) -> Self {
        Self {
            body,
            #[cfg(unix)]
            connection: None,
        }
    }
}

impl ResponseBody {
    /// A body that arrives over a connection that its reader drives.
    #[cfg(unix)]
    pub(super) fn over(connection: InUse, body: Incoming) -> Self {
        let mut response = Self::from(body);
        response.connection = Some(connection);
        if response.is_end_stream() {
            response.release();
        }
        response
    }

    /// Returns the connection to its pool.
    #[cfg(unix)]
    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.release();
        }
    }

    /// Drives the connection to get more of the body.
    #[cfg(unix)]
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Some(connection) = &mut self.connection else {
            return Poll::Pending;
        };
        connection.drive(cx);
        Pin::new(&mut self.body).poll_frame(cx)
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    #[cfg(unix)]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let mut frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            frame = self.drive(cx);
        }
        if matches!(frame, Poll::Ready(None)) || self.is_end_stream() {
            self.release();
        }
        frame
    }

    #[cfg(not(unix))]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
