//! The read timeout: how long a server may be silent.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream::{self, StreamExt};

use crate::clock::{Instant, timers_now};
use crate::error::{Error, ErrorKind};
use crate::http::{Payload, rewindable, streaming};
use crate::runtime::sleep;

/// A longer body in memory is sent in pieces of this size, so that its progress can be seen: about as much as the HTTP
/// library buffers for a socket.
const PIECE_BYTES: usize = 64 * 1024;

/// The longest time of one call in which neither side sends anything.
#[derive(Clone, Debug)]
pub(crate) struct ReadTimeout {
    limit: Duration,
    /// When a piece of the body was last taken.
    sent: Arc<Mutex<Option<Instant>>>,
}

impl ReadTimeout {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            sent: Arc::default(),
        }
    }

    /// The same body, which from now on records when a piece of it is taken. Also returns the body's length, if the new body no
    /// longer states it.
    pub(crate) fn watch(&self, payload: Payload) -> (Payload, Option<usize>) {
        let sent = Arc::clone(&self.sent);
        let taken = move || *lock(&sent) = Some(timers_now());
        match payload {
            Payload::Bytes(bytes) if bytes.len() > PIECE_BYTES => {
                let length = bytes.len();
                let make = move || {
                    let taken = taken.clone();
                    stream::iter(pieces(&bytes)).inspect(move |_| taken())
                };
                (rewindable(make), Some(length))
            }
            Payload::Rewindable(make) => {
                let make = move || {
                    let taken = taken.clone();
                    make().inspect(move |_| taken())
                };
                (rewindable(make), None)
            }
            Payload::Once(stream) => (streaming(stream.inspect(move |_| taken())), None),
            short => (short, None),
        }
    }

    /// The result of `work`.
    ///
    /// # Errors
    /// `timed_out` if both sides are silent for too long.
    pub(crate) async fn within<T, E: From<Error>>(
        &self,
        host: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut work = pin!(work);
        let begun = timers_now();
        loop {
            let heard = lock(&self.sent).map_or(begun, |sent| sent.max(begun));
            let silence = timers_now().saturating_duration_since(heard);
            let left = self.limit.saturating_sub(silence);
            if left.is_zero() {
                break;
            }
            if let Either::Left((done, _)) = select(work.as_mut(), pin!(sleep(left))).await {
                return done;
            }
        }
        let secs = self.limit.as_secs_f64();
        Err(Error::new(
            ErrorKind::TimedOut,
            format!("{host} was silent for {secs} s"),
        )
        .into())
    }
}

fn lock(sent: &Mutex<Option<Instant>>) -> MutexGuard<'_, Option<Instant>> {
    sent.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pieces(bytes: &Bytes) -> Vec<std::io::Result<Bytes>> {
    (0..bytes.len())
        .step_by(PIECE_BYTES)
        .map(|start| Ok(bytes.slice(start..bytes.len().min(start + PIECE_BYTES))))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::StreamExt;
    use tokio::time::sleep;

    use super::{PIECE_BYTES, ReadTimeout, timers_now};
    use crate::error::{Error, ErrorKind};
    use crate::http::Payload;

    const LIMIT: Duration = Duration::from_secs(5);
    const JUST_BELOW: Duration = Duration::from_millis(4999);

    #[tokio::test(start_paused = true)]
    async fn silence_ends_the_wait_and_an_answer_in_time_does_not() {
        let read_timeout = ReadTimeout::new(LIMIT);
        let silent = read_timeout.within("api.example", pending::<Result<(), Error>>());
        let error = silent.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.message(), "api.example was silent for 5 s");
        let slow = async {
            sleep(JUST_BELOW).await;
            Ok::<_, Error>(7)
        };
        assert_eq!(read_timeout.within("api.example", slow).await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_going_out_is_no_silence() {
        let bytes = Bytes::from(vec![7; 5 * PIECE_BYTES + 1]);
        let read_timeout = ReadTimeout::new(LIMIT);
        let (payload, length) = read_timeout.watch(Payload::Bytes(bytes.clone()));
        assert_eq!(length, Some(bytes.len()));
        let Payload::Rewindable(make) = payload else {
            panic!("it can be sent again")
        };
        let sent = read_timeout.within("api.example", async {
            let mut body = make();
            let mut sent = Vec::new();
            while let Some(piece) = body.next().await {
                sent.extend_from_slice(&piece.unwrap());
                sleep(JUST_BELOW).await;
            }
            Ok::<_, Error>(sent)
        });
        assert_eq!(sent.await.unwrap(), bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_has_stopped_is() {
        let read_timeout = ReadTimeout::new(LIMIT);
        let (payload, _) = read_timeout.watch(Payload::Once(
            futures_util::stream::iter([Ok(Bytes::from_static(b"a"))]).boxed(),
        ));
        let Payload::Once(mut body) = payload else {
            panic!("it can be sent once")
        };
        let work = async {
            sleep(JUST_BELOW).await;
            body.next().await;
            pending::<Result<(), Error>>().await
        };
        let begun = timers_now();
        let outcome = read_timeout.within("api.example", work).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::TimedOut);
        // Counted from the piece, and to the tick of a timer.
        assert_eq!(
            (timers_now() - begun).as_millis(),
            (JUST_BELOW + LIMIT).as_millis()
        );
    }
}
