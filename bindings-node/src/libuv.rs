//! What is used of libuv: to have an event loop watch one descriptor.
//!
//! Looked up in the running program and not linked, since what runs addons and is not Node may lack it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::LazyLock;

use libloading::os::unix::Library;
use napi::{Env, sys};

/// `UV_POLL` among `uv_handle_type`.
const POLL: c_int = 8;
/// `UV_READABLE` among `uv_poll_event`.
const READABLE: c_int = 1;

type Handle = *mut c_void;

/// <https://docs.libuv.org/en/v1.x/poll.html>
struct Libuv {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    handle_get_data: unsafe extern "C" fn(Handle) -> *mut c_void,
    handle_set_data: unsafe extern "C" fn(Handle, *mut c_void),
    poll_init: unsafe extern "C" fn(*mut sys::uv_loop_s, Handle, c_int) -> c_int,
    poll_start:
        unsafe extern "C" fn(Handle, c_int, unsafe extern "C" fn(Handle, c_int, c_int)) -> c_int,
    unref: unsafe extern "C" fn(Handle),
    close: unsafe extern "C" fn(Handle, unsafe extern "C" fn(Handle)),
}

static LIBUV: LazyLock<Option<Libuv>> = LazyLock::new(Libuv::find);

impl Libuv {
    fn find() -> Option<Self> {
        let program = Library::this();
        /// The function of this name.
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: these are the functions' signatures in every libuv of version 1.
                *unsafe { program.get($name) }.ok()?
            };
        }
        Some(Self {
            handle_size: function!(b"uv_handle_size\0"),
            handle_get_data: function!(b"uv_handle_get_data\0"),
            handle_set_data: function!(b"uv_handle_set_data\0"),
            poll_init: function!(b"uv_poll_init\0"),
            poll_start: function!(b"uv_poll_start\0"),
            unref: function!(b"uv_unref\0"),
            close: function!(b"uv_close\0"),
        })
    }
}

/// A descriptor that an environment's event loop watches, until this is dropped or the environment ends. It does not keep the
/// loop alive.
pub(crate) struct Watch(Rc<Watched>);

struct Watched {
    libuv: &'static Libuv,
    /// The handle's memory, which is the loop's until it says that the handle is closed.
    memory: Box<[Cell<u64>]>,
    on_readable: Box<dyn Fn()>,
    is_closing: Cell<bool>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
}

impl Watch {
    /// Calls `on_readable` whenever `descriptor` is readable, which is not to be closed before. `None` where this event loop
    /// cannot.
    pub(crate) fn new(
        env: Env,
        descriptor: BorrowedFd<'_>,
        on_readable: impl Fn() + 'static,
    ) -> Option<Self> {
        let libuv = LIBUV.as_ref()?;
        // SAFETY: a function of a number.
        let size = unsafe { (libuv.handle_size)(POLL) };
        let memory = vec![Cell::new(0); size.div_ceil(size_of::<u64>())];
        let watched = Rc::new(Watched {
            libuv,
            memory: memory.into(),
            on_readable: Box::new(on_readable),
            is_closing: Cell::new(false),
            hook: Cell::new(ptr::null_mut()),
        });
        let handle = watched.handle();
        let mut event_loop = ptr::null_mut();
        // SAFETY: this is the environment's thread and so its loop's. The handle's memory is as large as it wants, and stays where
        // it is for as long as the handle is open: it holds a share of `watched` itself.
        unsafe {
            let found = sys::napi_get_uv_event_loop(env.raw(), &raw mut event_loop);
            if found != sys::Status::napi_ok
                || (libuv.poll_init)(event_loop, handle, descriptor.as_raw_fd()) != 0
            {
                return None;
            }
            let share = Rc::into_raw(Rc::clone(&watched)).cast_mut().cast();
            (libuv.handle_set_data)(handle, share);
            let watch = Self(watched);
            let mut hook = ptr::null_mut();
            let hooked =
                sys::napi_add_async_cleanup_hook(env.raw(), Some(on_end), share, &raw mut hook);
            watch.0.hook.set(hook);
            let is_watched = hooked == sys::Status::napi_ok
                && (libuv.poll_start)(handle, READABLE, on_readable_of) == 0;
            (libuv.unref)(handle);
            is_watched.then_some(watch)
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Watched {
    fn handle(&self) -> Handle {
        self.memory.as_ptr().cast_mut().cast()
    }

    /// The descriptor may be closed once this returns.
    fn close(&self) {
        if !self.is_closing.replace(true) {
            // SAFETY: it is open, and this is its loop's thread.
            unsafe { (self.libuv.close)(self.handle(), on_closed) };
        }
    }
}

/// What is called for the handle's share in it, which lasts until [`on_closed`].
unsafe fn of<'a>(data: *mut c_void) -> &'a Watched {
    // SAFETY: the caller's word.
    unsafe { &*data.cast::<Watched>() }
}

unsafe extern "C" fn on_readable_of(handle: Handle, _status: c_int, _events: c_int) {
    let Some(libuv) = LIBUV.as_ref() else { return };
    // SAFETY: the loop calls this for open handles.
    let watched = unsafe { of((libuv.handle_get_data)(handle)) };
    // A call's own panic is caught before. What is left has nobody to be told to, and must not go on into C.
    let _ = catch_unwind(AssertUnwindSafe(|| (watched.on_readable)()));
}

/// The environment ends, and waits for the hook to be removed.
unsafe extern "C" fn on_end(_: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the hook is removed before the share is given back.
    unsafe { of(data) }.close();
}

unsafe extern "C" fn on_closed(handle: Handle) {
    let Some(libuv) = LIBUV.as_ref() else { return };
    // SAFETY: the loop is done with the handle, and calls this once; so the share can be given back, which it was set to.
    let watched: Rc<Watched> = unsafe { Rc::from_raw((libuv.handle_get_data)(handle).cast()) };
    let hook = watched.hook.get();
    if !hook.is_null() {
        // SAFETY: added when the handle was opened, and removed here only.
        unsafe { sys::napi_remove_async_cleanup_hook(hook) };
    }
}
