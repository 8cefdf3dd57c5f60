//! The hot path: a header's value that many threads copy while one may be writing the next.
//!
//! A sequence lock: readers write nothing that others see, so they never wait for each other's cache lines. The memory
//! stays where it is for the client's life; what is read while it is written is noticed and not used.

use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};

use evertoken::{Client, Freshness};

use crate::ffi::Buffer;

/// 4 KiB: tokens are some hundred bytes, and longer ones take the way that needs no copy of theirs.
const WORDS: usize = 512;

/// The value as last published, and how long it holds.
pub(crate) struct Hot {
    /// Odd while it is written, 0 while there is nothing.
    sequence: AtomicU64,
    freshness: [AtomicU64; 5],
    length: AtomicU64,
    text: Box<[AtomicU64]>,
}

/// What copying came to.
pub(crate) enum Copied {
    /// So many bytes and a NUL.
    Whole(usize),
    /// The value is so long and does not fit.
    TooLong(usize),
}

impl Hot {
    pub(crate) fn new() -> Self {
        Self {
            sequence: AtomicU64::new(0),
            freshness: [const { AtomicU64::new(0) }; 5],
            length: AtomicU64::new(0),
            text: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Copies the value into `buffer` if it may be served now. After `None` the buffer may hold anything.
    pub(crate) fn copy(&self, client: &Client, buffer: &Buffer<'_>) -> Option<Copied> {
        let sequence = self.sequence.load(Ordering::Acquire);
        if sequence == 0 || sequence % 2 == 1 {
            return None;
        }
        let words = std::array::from_fn(|index| self.freshness[index].load(Ordering::Relaxed));
        let length = usize::try_from(self.length.load(Ordering::Relaxed)).ok()?;
        if length >= WORDS * size_of::<u64>() || !client.holds(&mut Freshness::from_words(words)) {
            return None;
        }
        let fits = buffer.write_words(&self.text, length);
        fence(Ordering::Acquire);
        if self.sequence.load(Ordering::Relaxed) != sequence {
            return None;
        }
        Some(if fits {
            Copied::Whole(length)
        } else {
            Copied::TooLong(length)
        })
    }

    /// Publishes a value, unless it is too long or another thread is publishing.
    pub(crate) fn publish(&self, value: &str, freshness: Freshness) {
        if value.len() >= WORDS * size_of::<u64>() {
            return;
        }
        self.change(|| {
            for (place, word) in self.freshness.iter().zip(freshness.to_words()) {
                place.store(word, Ordering::Relaxed);
            }
            self.length.store(value.len() as u64, Ordering::Relaxed);
            let mut bytes = value.as_bytes().chunks(size_of::<u64>());
            for place in &self.text {
                let mut word = [0; size_of::<u64>()];
                if let Some(bytes) = bytes.next() {
                    word[..bytes.len()].copy_from_slice(bytes);
                }
                place.store(u64::from_ne_bytes(word), Ordering::Relaxed);
            }
        });
    }

    /// Writes under the odd sequence, unless another thread does.
    fn change(&self, write: impl FnOnce()) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        let taken = |odd| {
            self.sequence
                .compare_exchange(sequence, odd, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
        };
        if sequence % 2 == 1 || !taken(sequence + 1) {
            return;
        }
        fence(Ordering::Release);
        write();
        self.sequence.store(sequence + 2, Ordering::Release);
    }

    /// Wipes the value.
    pub(crate) fn wipe(&self) {
        self.change(|| {
            for place in &self.text {
                place.store(0, Ordering::Relaxed);
            }
            for place in &self.freshness {
                place.store(0, Ordering::Relaxed);
            }
        });
        // Not to be left out because nobody reads it again.
        compiler_fence(Ordering::SeqCst);
    }
}

impl Drop for Hot {
    fn drop(&mut self) {
        self.wipe();
    }
}
