//! Calls as C makes them, and what each of them keeps: outputs and errors.

use std::ffi::{CStr, c_char};
use std::ptr;

use evertoken_c_rlib::error::{
    evertoken_error, evertoken_error_code, evertoken_error_fingerprint, evertoken_error_free,
    evertoken_error_hint, evertoken_error_identity, evertoken_error_message,
    evertoken_error_provider_code, evertoken_error_provider_message, evertoken_error_status,
    evertoken_error_text,
};
use evertoken_c_rlib::status::{evertoken_status, evertoken_status_str};

use crate::promise;

/// A handle that its `_free` takes.
pub(crate) struct Owned<T> {
    ptr: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// The handle as C holds it.
    pub(crate) const fn ptr(&self) -> *mut T {
        self.ptr
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the library handed it over, and nobody else frees it.
        unsafe { (self.free)(self.ptr) }
    }
}

// SAFETY: only used for the types whose comment says "Threads: any".
unsafe impl<T> Send for Owned<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Owned<T> {}

/// An address that no output has by itself.
const UNTOUCHED: usize = 0x5A5A;

/// Makes a call that hands a handle over. The output is written exactly if it says OK, the error exactly otherwise.
pub(crate) fn made<T>(
    free: unsafe extern "C" fn(*mut T),
    call: impl FnOnce(*mut *mut T, *mut *mut evertoken_error) -> evertoken_status,
) -> Result<Owned<T>, evertoken_status> {
    let untouched = ptr::without_provenance_mut(UNTOUCHED);
    let mut out = untouched;
    let told = asked(|error| call(&raw mut out, error));
    if told == evertoken_status::EVERTOKEN_OK {
        assert!(out != untouched && !out.is_null());
        Ok(Owned { ptr: out, free })
    } else {
        assert!(out == untouched, "an output was written without OK");
        Err(told)
    }
}

/// Makes a call that has no output but its error.
pub(crate) fn asked(
    call: impl FnOnce(*mut *mut evertoken_error) -> evertoken_status,
) -> evertoken_status {
    let untouched = ptr::without_provenance_mut(UNTOUCHED);
    let mut error: *mut evertoken_error = untouched;
    let status = call(&raw mut error);
    settled(status);
    if status == evertoken_status::EVERTOKEN_OK {
        assert!(error == untouched, "an error was written with OK");
    } else {
        assert!(error != untouched, "there is no error");
        read(&Owned {
            ptr: error,
            free: evertoken_error_free,
        });
    }
    status
}

/// No call comes to a defect.
pub(crate) fn settled(status: evertoken_status) -> evertoken_status {
    let defects = [
        evertoken_status::EVERTOKEN_PANIC,
        evertoken_status::EVERTOKEN_INTERNAL,
        evertoken_status::EVERTOKEN_MISUSE,
    ];
    assert!(!defects.contains(&status), "{status:?}");
    status
}

/// Reads an error whole.
fn read(error: &Owned<evertoken_error>) {
    let error = error.ptr();
    // SAFETY: the error is alive, and its texts live as long.
    unsafe {
        let status = evertoken_error_status(error);
        assert_ne!(status, evertoken_status::EVERTOKEN_OK);
        assert_eq!(
            text(evertoken_error_code(error)),
            text(evertoken_status_str(status as i32))
        );
        for told in [
            evertoken_error_message(error),
            evertoken_error_text(error),
            evertoken_error_hint(error),
        ] {
            promise::fit_for_a_log(text(told).expect("never NULL"));
        }
        for reader in [
            evertoken_error_provider_code,
            evertoken_error_provider_message,
            evertoken_error_identity,
            evertoken_error_fingerprint,
        ] {
            let mut len = usize::MAX;
            let told = text(reader(error, &raw mut len));
            assert_eq!(len, told.map_or(0, str::len));
            told.into_iter().for_each(promise::fit_for_a_log);
        }
    }
}

/// A text that the library lent.
///
/// # Safety
/// NULL, or a text of a handle that lives longer than what is returned.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: ended by NUL, by the caller's word.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8"))
}
