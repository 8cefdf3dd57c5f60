//! What wakes a thread that waits for sockets.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;

/// Rung to have calls looked at again.
pub(super) struct Doorbell {
    state: AtomicU8,
    writer: PipeWriter,
    /// Here and not with the thread that waits, so that it is there as long as somebody can ring.
    reader: PipeReader,
}

/// Calls are being looked at.
const RUNNING: u8 = 0;
/// They are to be looked at once more.
const WOKEN: u8 = 1;
/// The thread waits, or does something else: one must ring.
const ASLEEP: u8 = 2;

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            self.ring();
        }
    }
}

impl Doorbell {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = pipe()?;
        let state = AtomicU8::new(RUNNING);
        Ok(Self {
            state,
            writer,
            reader,
        })
    }

    /// Calls are looked at from here on. What was done before somebody woke the thread is seen.
    pub(super) fn run(&self) {
        self.state.swap(RUNNING, Ordering::AcqRel);
    }

    /// Whether nobody has woken the thread since. If so, one must ring from here on.
    pub(super) fn may_sleep(&self) -> bool {
        let (order, otherwise) = (Ordering::AcqRel, Ordering::Acquire);
        let state = &self.state;
        state
            .compare_exchange(RUNNING, ASLEEP, order, otherwise)
            .is_ok()
    }

    pub(super) fn ring(&self) {
        // It does not wait: each ring is heard before the next.
        let _ = (&self.writer).write(&[0]);
    }

    /// To be called when [`Self::reader`] is readable.
    pub(super) fn hear(&self) {
        let _ = (&self.reader).read(&mut [0; 16]);
    }

    /// Readable once it was rung.
    pub(super) fn reader(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}
