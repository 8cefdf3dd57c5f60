//! A request's body that JavaScript hands over piece by piece.

use std::io;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use evertoken::http::{Payload, streaming};
use futures_util::stream;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::sync::mpsc;

use crate::calls::Calls;
use crate::line::Value;
use crate::port::Port;

type Piece = io::Result<Bytes>;

/// The writing end of a one-shot body. One piece waits at most, so a slow server slows the writer.
#[napi]
pub struct NativeBody {
    calls: Rc<Calls>,
    pieces: Mutex<Option<mpsc::Sender<Piece>>>,
    payload: Mutex<Option<Payload>>,
}

#[napi]
impl NativeBody {
    /// An empty pipe.
    #[napi(constructor, catch_unwind)]
    pub fn new(port: &Port) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let pieces = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        Self {
            calls: port.calls(),
            pieces: Mutex::new(Some(sender)),
            payload: Mutex::new(Some(streaming(pieces))),
        }
    }

    /// Delivers true once there is room for the next piece, false if nobody reads any more.
    #[napi(catch_unwind)]
    pub fn push(&self, id: i64, piece: Buffer) {
        let sender = self.sender().clone();
        let piece = Bytes::copy_from_slice(&piece);
        self.calls.start(
            id,
            async move {
                Ok(match sender {
                    Some(sender) => sender.send(Ok(piece)).await.is_ok(),
                    None => false,
                })
            },
            Value::of,
        );
    }

    /// The body is complete.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.sender().take();
    }

    /// The source failed: the request breaks off instead of looking complete.
    #[napi(catch_unwind)]
    pub fn fail(&self, id: i64) {
        let sender = self.sender().take();
        self.calls.start(
            id,
            async move {
                if let Some(sender) = sender {
                    // Nobody reads any more: then nothing can look complete either.
                    let _ = sender
                        .send(Err(io::Error::other("the body's source failed")))
                        .await;
                }
                Ok(true)
            },
            Value::of,
        );
    }
}

impl NativeBody {
    fn sender(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Piece>>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reading end, once.
    pub(crate) fn payload(&self) -> Payload {
        self.payload
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or(Payload::Empty)
    }
}
