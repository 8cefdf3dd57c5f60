//! A pipe that wakes a thread which waits for sockets.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;

/// The waker of an executor's calls. It writes to the pipe only while the thread may be asleep.
pub(super) struct WakePipe {
    state: AtomicU8,
    writer: PipeWriter,
    /// Held here, not by the waiting thread, so that it lives as long as any waker that may write.
    reader: PipeReader,
}

/// The calls are being polled.
const POLLING: u8 = 0;
/// The calls must be polled once more.
const WOKEN: u8 = 1;
/// The thread waits or does something else: only the pipe can wake it.
const ASLEEP: u8 = 2;

impl Wake for WakePipe {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            self.signal();
        }
    }
}

impl WakePipe {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        let state = AtomicU8::new(POLLING);
        Ok(Self {
            state,
            writer,
            reader,
        })
    }

    /// To be called before the calls are polled: whatever was done before an earlier wake-up is visible from here on.
    pub(super) fn begin_polling(&self) {
        self.state.swap(POLLING, Ordering::AcqRel);
    }

    /// Whether there was no wake-up since [`Self::begin_polling`]. If so, wake-ups go through the pipe from here on.
    pub(super) fn may_sleep(&self) -> bool {
        let (order, otherwise) = (Ordering::AcqRel, Ordering::Acquire);
        let state = &self.state;
        state
            .compare_exchange(POLLING, ASLEEP, order, otherwise)
            .is_ok()
    }

    pub(super) fn signal(&self) {
        // The write cannot block: the pipe is drained before the next signal.
        let _ = (&self.writer).write(&[0]);
    }

    /// To be called when [`Self::reader`] is readable.
    pub(super) fn drain(&self) {
        let _ = (&self.reader).read(&mut [0; 16]);
    }

    /// Readable after a signal.
    pub(super) fn reader(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
