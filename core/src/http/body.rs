//! A payload as the HTTP library takes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::Payload;

/// The body of one sending.
pub(super) enum Body {
    /// Known from the start; `None` once it is sent, or if there is none.
    Whole(Option<Bytes>),
    /// As it comes.
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
