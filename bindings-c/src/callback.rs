//! Calling back into C: what is carried over, and that a thread knows it is inside.

use std::cell::Cell;
use std::ffi::c_void;

/// The caller's pointer. It is handed back and never looked at.
#[derive(Clone, Copy)]
pub(crate) struct Userdata(*mut c_void);

// SAFETY: the library only carries the address; the header says on which threads it comes back.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub(crate) const fn new(userdata: *mut c_void) -> Self {
        Self(userdata)
    }

    pub(crate) const fn get(self) -> *mut c_void {
        self.0
    }
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is inside a callback.
pub(crate) fn running() -> bool {
    DEPTH.get() > 0
}

/// Marks this thread as inside a callback for as long as it lives.
struct Inside;

impl Inside {
    fn new() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Runs `call`, which calls back into C.
pub(crate) fn call_back<R>(call: impl FnOnce() -> R) -> R {
    let _inside = Inside::new();
    call()
}
