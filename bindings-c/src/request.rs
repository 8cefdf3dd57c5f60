//! Requests that are described before they are sent.

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::time::Duration;

use bytes::Bytes;
use evertoken::{Error, Method, RequestBuilder};

use crate::boundary::{Failure, Outcome, enter, release, timeout};
use crate::callback::{Userdata, call_back};
use crate::error::evertoken_error;
use crate::ffi::{Opaque, Owned, hand_over};
use crate::status::evertoken_status;

/// A request that is described before it is sent: for what evertoken_client_request() has no parameter for.
///
/// Owner: the caller, who frees it with evertoken_request_free(), at the earliest after evertoken_client_send() or
/// _send_start() returned, which copy it. It may be sent several times. Threads: one at a time.
/// Methods: evertoken_request_new, _add_header, _set_body, _set_body_reader, _set_timeout_ms, _set_connect_timeout_ms,
/// _set_read_timeout_ms, _set_follow_redirects, _set_streaming, _set_response_writer, _free.
pub struct evertoken_request {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_request {
    type Value = Request;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"REQU";
    const NAME: &'static str = "evertoken_request";
}

/// Reads the next piece of a request's body: writes up to `capacity` bytes to `buffer` and returns their number; 0 at the
/// end; a negative number on failure, which ends the call with EVERTOKEN_CALLBACK_FAILED.
///
/// It runs in evertoken_client_send() on the caller's thread, in evertoken_client_send_start() on a library thread that may
/// block; once at a time, and never after evertoken_client_send() has returned or the callback of
/// evertoken_client_send_start() has been called. Calls of this library that wait give EVERTOKEN_MISUSE in it.
pub type evertoken_read_callback = Option<
    unsafe extern "C" fn(userdata: *mut c_void, buffer: *mut c_void, capacity: usize) -> isize,
>;

/// A read function and its userdata.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    read: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> isize,
    userdata: Userdata,
}

impl Reader {
    /// The next piece; `None` at the end.
    pub(crate) fn next(self) -> Option<io::Result<Bytes>> {
        /// Enough for one system call, and little enough to allocate for each upload.
        const PIECE_BYTES: usize = 64 * 1024;
        let mut piece = vec![0_u8; PIECE_BYTES];
        // SAFETY: by the contract the function and its userdata are good until the request is over; the buffer is as long as said.
        let count = call_back(|| unsafe {
            (self.read)(self.userdata.get(), piece.as_mut_ptr().cast(), piece.len())
        });
        match usize::try_from(count) {
            Ok(0) => None,
            Ok(count) if count <= PIECE_BYTES => {
                piece.truncate(count);
                Some(Ok(piece.into()))
            }
            _ => Some(Err(io::Error::other("the read function failed"))),
        }
    }
}

/// Takes the next piece of a response's body, `len` bytes that are valid during the callback only. Returns 0 to continue;
/// anything else ends the call with EVERTOKEN_CALLBACK_FAILED.
///
/// It runs in evertoken_client_send() on the caller's thread, in evertoken_client_send_start() on a library thread that may
/// block; once at a time, and never after evertoken_client_send() has returned or the callback of
/// evertoken_client_send_start() has been called. It gets the body of the final response only, not that of a redirect or of
/// a 401 before the resend. Calls of this library that wait give EVERTOKEN_MISUSE in it.
pub type evertoken_write_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, data: *const c_void, len: usize) -> c_int>;

/// A write function and its userdata.
#[derive(Clone, Copy)]
pub(crate) struct Writer {
    write: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> c_int,
    userdata: Userdata,
}

impl Writer {
    /// Whether the function took the piece.
    pub(crate) fn take(self, piece: &[u8]) -> bool {
        // SAFETY: by the contract the function and its userdata are good until the request is over.
        let outcome = call_back(|| unsafe {
            (self.write)(self.userdata.get(), piece.as_ptr().cast(), piece.len())
        });
        outcome == 0
    }
}

/// How a response's body reaches the caller.
#[derive(Clone, Copy)]
pub(crate) enum Delivery {
    Whole,
    Streaming,
    Written(Writer),
}

/// Where a body comes from.
#[derive(Clone)]
pub(crate) enum Body {
    None,
    Bytes(Bytes),
    Reader(Reader),
}

/// A request as it was described.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Body,
    timeout_ms: i64,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    follow: bool,
    pub(crate) delivery: Delivery,
}

impl Request {
    pub(crate) fn new(method: &str, url: &str) -> Outcome<Self> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Error::config("method", "is not an HTTP method"))?;
        Ok(Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Body::None,
            timeout_ms: 0,
            connect_timeout: None,
            read_timeout: None,
            follow: true,
            delivery: Delivery::Whole,
        })
    }

    pub(crate) fn with(mut self, body: &[u8], timeout_ms: i64) -> Self {
        if !body.is_empty() {
            self.body = Body::Bytes(Bytes::copy_from_slice(body));
        }
        self.timeout_ms = timeout_ms;
        self
    }

    /// The request for the core, without a body that is read from a function.
    pub(crate) fn builder(&self, client: &evertoken::Client) -> RequestBuilder {
        let mut request = client
            .request(self.method.clone(), &self.url)
            .follow_redirects(self.follow);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Body::Bytes(bytes) = &self.body {
            request = request.body(bytes.clone());
        }
        if let Some(limit) = self.connect_timeout {
            request = request.connect_timeout(limit);
        }
        if let Some(limit) = self.read_timeout {
            request = request.read_timeout(limit);
        }
        match self.timeout_ms {
            0 => request,
            ..0 => request.timeout(None),
            _ => request.timeout(timeout(self.timeout_ms)),
        }
    }
}

/// A limit for a part of a request as C passes it: milliseconds; 0 means what `zero` says. Unlike a deadline it has no value
/// for "none": the connect timeout always exists, and the read timeout is off at 0.
fn limit(name: &str, timeout_ms: i64, zero: &str) -> Outcome<Option<Duration>> {
    if timeout_ms < 0 {
        let problem = format!("must be 0 or more milliseconds; 0 is {zero}");
        return Err(Error::config(name, problem).into());
    }
    Ok(timeout(timeout_ms))
}

/// A request to `url`, absolute or below the client's base URL, with `method` such as `GET`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_new(
    method: *const c_char,
    url: *const c_char,
    request: *mut *mut evertoken_request,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(request, "request")?;
            out.write(hand_over(Request::new(
                contract.text(method, "method")?,
                contract.text(url, "url")?,
            )?));
            Ok(())
        })
    }
}

/// Adds a header. `Authorization` is refused when the request is sent, because the client sets it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_add_header(
    request: *mut evertoken_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let header = (
                contract.text(name, "name")?.to_owned(),
                contract.text(value, "value")?.to_owned(),
            );
            contract.get_mut(request, "request")?.headers.push(header);
            Ok(())
        })
    }
}

/// Sets the body: a copy of `body_len` bytes. It can be sent again after a 401.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_body(
    request: *mut evertoken_request,
    body: *const c_void,
    body_len: usize,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let body =
                Bytes::copy_from_slice(contract.slice(body.cast::<u8>(), body_len, "body")?);
            contract.get_mut(request, "request")?.body = Body::Bytes(body);
            Ok(())
        })
    }
}

/// Has the body read by a function while it is sent (chunked, unless a `Content-Length` is added). It cannot be sent again:
/// a 401 is given back as `"body_not_replayable"`, and the token is renewed for the next call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_body_reader(
    request: *mut evertoken_request,
    read: evertoken_read_callback,
    userdata: *mut c_void,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let read = read.ok_or_else(|| {
                Failure::binding(evertoken_status::EVERTOKEN_NULL_ARGUMENT, "read is NULL")
            })?;
            contract.get_mut(request, "request")?.body = Body::Reader(Reader {
                read,
                userdata: Userdata::new(userdata),
            });
            Ok(())
        })
    }
}

/// Sets the deadline of the whole call, including waiting for the token and reading the body. 0, the default: the client's
/// timeout; EVERTOKEN_NO_TIMEOUT: no deadline, except that of waiting for a token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_timeout_ms(
    request: *mut evertoken_request,
    timeout_ms: i64,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            contract.get_mut(request, "request")?.timeout_ms = timeout_ms;
            Ok(())
        })
    }
}

/// Sets how long establishing a connection may take. 0, the default: the client's limit. Calls with another value use
/// connections of their own. There is always a limit: negative values, also EVERTOKEN_NO_TIMEOUT, are
/// EVERTOKEN_CONFIG_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_connect_timeout_ms(
    request: *mut evertoken_request,
    timeout_ms: i64,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let request = contract.get_mut(request, "request")?;
            request.connect_timeout = limit("connect_timeout", timeout_ms, "the client's limit")?;
            Ok(())
        })
    }
}

/// Sets how long the server may be silent, that is, no piece of the response arrives and no piece of the body is sent. Each
/// piece restarts the time, also in evertoken_response_read(). Establishing a connection counts, waiting for a token does
/// not. 0, the default: no limit but the deadline; negative values, also EVERTOKEN_NO_TIMEOUT, are EVERTOKEN_CONFIG_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_read_timeout_ms(
    request: *mut evertoken_request,
    timeout_ms: i64,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let request = contract.get_mut(request, "request")?;
            request.read_timeout = limit("read_timeout", timeout_ms, "no limit")?;
            Ok(())
        })
    }
}

/// Sets whether redirects are followed; default yes. On every hop the token is sent to allowed origins only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_follow_redirects(
    request: *mut evertoken_request,
    on: c_int,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            contract.get_mut(request, "request")?.follow = on != 0;
            Ok(())
        })
    }
}

/// Sets whether the response is returned as soon as its head has arrived, so that its body must still be read with
/// evertoken_response_read(); default no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_streaming(
    request: *mut evertoken_request,
    on: c_int,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            contract.get_mut(request, "request")?.delivery = if on == 0 {
                Delivery::Whole
            } else {
                Delivery::Streaming
            };
            Ok(())
        })
    }
}

/// Has the response's body passed to a function as it arrives. The response is returned after the last piece, with an empty
/// body. Replaces evertoken_request_set_streaming(), and is replaced by it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_set_response_writer(
    request: *mut evertoken_request,
    write: evertoken_write_callback,
    userdata: *mut c_void,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let write = write.ok_or_else(|| {
                Failure::binding(evertoken_status::EVERTOKEN_NULL_ARGUMENT, "write is NULL")
            })?;
            contract.get_mut(request, "request")?.delivery = Delivery::Written(Writer {
                write,
                userdata: Userdata::new(userdata),
            });
            Ok(())
        })
    }
}

/// Frees the request. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_request_free(request: *mut evertoken_request) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(request) }
}
