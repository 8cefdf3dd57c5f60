//! The boundary that nothing gets over: neither a panic nor an unread failure.

use std::ffi::c_char;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::thread;
use std::time::Duration;

use evertoken::error::one_line;
use evertoken::runtime;
use futures_util::FutureExt;
use tokio::runtime::Handle;

use crate::callback;
use crate::error::{View, evertoken_error};
use crate::ffi::{Contract, Opaque, hand_over, misuse};
use crate::status::{self, evertoken_status};

/// Why a call failed.
pub(crate) enum Failure {
    /// The core says so.
    Core(evertoken::Error),
    /// Raised by this binding.
    Binding(evertoken_status, String),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn binding(status: evertoken_status, message: impl Into<String>) -> Self {
        Self::Binding(status, one_line(message.into()))
    }

    pub(crate) fn panic() -> Self {
        Self::binding(
            evertoken_status::EVERTOKEN_PANIC,
            "a defect in this library was caught at its boundary",
        )
    }

    pub(crate) fn status(&self) -> evertoken_status {
        match self {
            Self::Core(error) => status::of(error.kind()),
            Self::Binding(status, _) => *status,
        }
    }

    /// An error handle for the caller.
    pub(crate) fn into_handle(self) -> *mut evertoken_error {
        hand_over(View::new(&self))
    }
}

impl From<evertoken::Error> for Failure {
    fn from(error: evertoken::Error) -> Self {
        Self::Core(error)
    }
}

/// Runs a fallible C function. `error` is written on failure only, and may be NULL.
///
/// # Safety
/// As [`Contract::promised`].
pub(crate) unsafe fn enter(
    error: *mut *mut evertoken_error,
    body: impl FnOnce(&Contract) -> Outcome<()>,
) -> evertoken_status {
    // SAFETY: passed on.
    let contract = unsafe { Contract::promised() };
    let outcome = guarded(|| body(&contract)).unwrap_or_else(|| Err(Failure::panic()));
    let Err(failure) = outcome else {
        return evertoken_status::EVERTOKEN_OK;
    };
    let status = failure.status();
    if let Some(out) = contract.out_or_none(error) {
        out.write(failure.into_handle());
    }
    status
}

/// Runs a C function that cannot fail: what is no such handle, or a panic, gives `fallback`.
///
/// # Safety
/// As [`Contract::promised`].
pub(crate) unsafe fn look<T: Opaque, R>(
    ptr: *const T,
    fallback: R,
    read: impl FnOnce(&T::Value, &Contract) -> R,
) -> R {
    // SAFETY: passed on.
    let contract = unsafe { Contract::promised() };
    guarded(|| {
        contract
            .get(ptr, "handle")
            .ok()
            .map(|value| read(value, &contract))
    })
    .flatten()
    .unwrap_or(fallback)
}

/// Lends a text of a handle, which `read` gives with its NUL; NULL where there is none. `len`, if wanted, gets its length.
///
/// # Safety
/// As [`Contract::promised`].
pub(crate) unsafe fn look_text<T: Opaque>(
    ptr: *const T,
    len: *mut usize,
    read: impl FnOnce(&T::Value) -> Option<&[u8]>,
) -> *const c_char {
    // SAFETY: passed on.
    let (text, length) = unsafe {
        look(ptr, (std::ptr::null(), 0), |value, _| {
            read(value).map_or((std::ptr::null(), 0), |text| {
                (text.as_ptr().cast(), text.len() - 1)
            })
        })
    };
    // SAFETY: passed on.
    if let Some(out) = unsafe { Contract::promised() }.out_or_none(len) {
        out.write(length);
    }
    text
}

/// Frees what is behind a handle.
///
/// # Safety
/// As [`Contract::promised`].
pub(crate) unsafe fn release<T: Opaque<Ownership = crate::ffi::Owned>>(ptr: *mut T) {
    // SAFETY: passed on.
    let contract = unsafe { Contract::promised() };
    guarded(|| drop(contract.take_back(ptr)));
}

/// `None` if `body` panicked; the panic hook has reported it.
pub(crate) fn guarded<R>(body: impl FnOnce() -> R) -> Option<R> {
    // Nothing that unwinds here is looked at again except through atomics and handles that are whole at any time.
    catch_unwind(AssertUnwindSafe(body))
        .map_err(std::mem::forget)
        .ok()
}

/// Waits on this thread for `future`, which leaves nothing behind that goes on.
pub(crate) fn wait<T: Send>(future: impl Future<Output = Outcome<T>> + Send) -> Outcome<T> {
    let future = pin!(future);
    on_a_live_thread(|| runtime::block_on(future.map(Ok))?)
}

/// As [`wait`], for a call that needs nothing of this thread.
pub(crate) fn wait_whole<T, F>(call: impl FnOnce() -> F + Send) -> Outcome<T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    on_a_live_thread(|| runtime::block_on_whole(|| call().map(Ok))?)
}

/// Waits on this thread for `future`, which may leave a body behind that is read later.
pub(crate) fn wait_shared<T: Send>(future: impl Future<Output = Outcome<T>> + Send) -> Outcome<T> {
    let future = pin!(future);
    on_a_live_thread(|| runtime::block_on_shared(future.map(Ok))?)
}

/// Runs what waits, unless it must not wait here.
pub(crate) fn on_a_live_thread<T: Send>(run: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    match Handle::try_current() {
        _ if callback::running() => Err(misuse(WAITING)),
        Ok(_) => Err(misuse(WAITING)),
        // Functions registered with atexit() run when the thread's own variables are gone: another thread does it.
        Err(missing) if missing.is_thread_local_destroyed() => {
            thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err(Failure::panic()))
        }
        Err(_) => run(),
    }
}

const WAITING: &str = "a call that waits was made from a callback or inside an asynchronous runtime; use its _start form there";

/// Beyond any clock's use, and far from an overflow.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// A timeout as C gives it: milliseconds, 0 for the client's own, below 0 for none.
pub(crate) fn timeout(timeout_ms: i64) -> Option<Duration> {
    match u64::try_from(timeout_ms) {
        Ok(0) => None,
        Ok(ms) => Some(Duration::from_millis(ms).min(FOREVER)),
        Err(_) => Some(FOREVER),
    }
}

/// Milliseconds for C, rounded down; -1 for none.
pub(crate) fn ms(duration: Option<Duration>) -> i64 {
    duration.map_or(-1, |duration| {
        i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Milliseconds for C, rounded up, for how long to wait; -1 for none.
pub(crate) fn wait_ms(duration: Option<Duration>) -> i64 {
    ms(duration.map(|duration| duration.saturating_add(Duration::from_nanos(999_999))))
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::{Failure, enter, look, release};
    use crate::error::{evertoken_error, evertoken_error_code, evertoken_error_free};
    use crate::ffi::{Opaque, Owned, hand_over};
    use crate::status::evertoken_status;

    #[allow(non_camel_case_types)]
    struct evertoken_test;

    /// A value whose destructor panics.
    struct Hostile;

    impl Drop for Hostile {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }

    impl Opaque for evertoken_test {
        type Value = Hostile;
        type Ownership = Owned;
        const TAG: [u8; 4] = *b"TEST";
        const NAME: &'static str = "evertoken_test";
    }

    #[test]
    fn a_panic_in_a_fallible_function_is_a_status_and_an_error() {
        let mut error: *mut evertoken_error = ptr::null_mut();
        // SAFETY: the output is a variable of this test.
        let status = unsafe { enter(&raw mut error, |_| panic!("a defect")) };
        assert_eq!(status, evertoken_status::EVERTOKEN_PANIC);
        // SAFETY: the error was just handed over.
        unsafe {
            let code = std::ffi::CStr::from_ptr(evertoken_error_code(error));
            assert_eq!(code, c"panic");
            evertoken_error_free(error);
        }
        // SAFETY: no output at all.
        let status = unsafe { enter(ptr::null_mut(), |_| panic!("a defect")) };
        assert_eq!(status, evertoken_status::EVERTOKEN_PANIC);
    }

    #[test]
    fn a_panic_in_a_reader_gives_the_fallback_and_one_in_a_destructor_is_swallowed() {
        let handle = hand_over::<evertoken_test>(Hostile);
        // SAFETY: the handle is alive, and freed once.
        unsafe {
            assert_eq!(look(handle, 7, |_, _| panic!("a defect")), 7);
            release(handle);
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_it_names() {
        let Failure::Binding(_, message) =
            Failure::binding(evertoken_status::EVERTOKEN_MISUSE, "a\nb")
        else {
            panic!("a failure of the binding");
        };
        assert_eq!(message, "a\\nb");
    }
}
