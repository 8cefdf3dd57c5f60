//! Responses of the API.

use std::ffi::{c_char, c_int, c_void};

use bytes::{Buf, Bytes};
use evertoken::{HeaderMap, Response};

use crate::boundary::{Outcome, enter, look, look_text, release, wait_shared};
use crate::error::{View as ErrorView, evertoken_error};
use crate::ffi::{Contract, Lent, Opaque, Owned};
use crate::status::evertoken_status;
use crate::text::{Text, ended};
use crate::verdict::evertoken_header;

/// The API's response: status, headers and body.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_response_free(). Threads: one at a time; any
/// number for a response whose body was read whole.
/// Methods: evertoken_client_request, _request_start, _send, _send_start; evertoken_response_status, _header,
/// _header_count, _header_at, _body, _read, _url, _reason, _error, _free.
pub struct evertoken_response {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_response {
    type Value = ResponseValue;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"RESP";
    const NAME: &'static str = "evertoken_response";
}

/// Headers in one piece of memory, each text ended by NUL.
struct Headers {
    texts: Vec<u8>,
    /// Where a name and its value start, and where the value's NUL is.
    places: Vec<(usize, usize, usize)>,
}

impl Headers {
    fn new(map: &HeaderMap) -> Self {
        let size = map
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 2)
            .sum();
        let mut headers = Self {
            texts: Vec::with_capacity(size),
            places: Vec::with_capacity(map.len()),
        };
        for (name, value) in map {
            let name_at = headers.texts.len();
            headers.texts.extend_from_slice(name.as_str().as_bytes());
            headers.texts.push(0);
            let value_at = headers.texts.len();
            headers.texts.extend_from_slice(value.as_bytes());
            headers
                .places
                .push((name_at, value_at, headers.texts.len()));
            headers.texts.push(0);
        }
        headers
    }

    fn name(&self, (name_at, value_at, _): (usize, usize, usize)) -> &[u8] {
        &self.texts[name_at..value_at]
    }

    fn value(&self, (_, value_at, value_end): (usize, usize, usize)) -> &[u8] {
        &self.texts[value_at..=value_end]
    }

    fn find(&self, name: &[u8], index: usize) -> Option<&[u8]> {
        let same = |place: &&(usize, usize, usize)| {
            self.name(**place)
                .strip_suffix(&[0])
                .is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        self.places
            .iter()
            .filter(same)
            .nth(index)
            .map(|place| self.value(*place))
    }
}

/// What is known of the body.
enum Content {
    /// All of it, ended by NUL, and how much of it `_read` has given.
    Whole(Vec<u8>, usize),
    /// What came off the wire and did not fit the last buffer, and where the rest comes from.
    Streaming(Bytes, Box<Response>),
}

/// A response, its texts ready for C.
pub(crate) struct ResponseValue {
    head: Head,
    content: Content,
}

struct Head {
    status: c_int,
    url: Text,
    headers: Headers,
    reason: Option<Text>,
    error: Option<Lent<evertoken_error>>,
}

impl Head {
    fn new(response: &Response) -> Self {
        let given_back = response.given_back();
        Self {
            status: c_int::from(response.status().as_u16()),
            url: Text::new(response.url_text()),
            headers: Headers::new(response.headers()),
            reason: given_back.map(|why| Text::new(why.reason.code())),
            error: given_back
                .and_then(|why| why.error.as_ref())
                .map(|error| Lent::new(ErrorView::of(error))),
        }
    }
}

impl ResponseValue {
    /// The response as soon as its head is there.
    pub(crate) fn streaming(response: Response) -> Self {
        Self {
            head: Head::new(&response),
            content: Content::Streaming(Bytes::new(), Box::new(response)),
        }
    }

    /// The response whose body went elsewhere.
    pub(crate) fn emptied(response: &Response) -> Self {
        Self {
            head: Head::new(response),
            content: Content::Whole(ended(&[]), 0),
        }
    }

    /// The response with its whole body.
    pub(crate) async fn whole(mut response: Response) -> Outcome<Self> {
        let body = ended(&response.bytes().await?);
        Ok(Self {
            head: Head::new(&response),
            content: Content::Whole(body, 0),
        })
    }

    /// The next piece of the body, at most `capacity` bytes; empty at its end.
    fn next(&mut self, capacity: usize) -> Outcome<Bytes> {
        match &mut self.content {
            Content::Whole(body, given) => {
                let rest = &body[*given..body.len() - 1];
                let piece = Bytes::copy_from_slice(&rest[..rest.len().min(capacity)]);
                *given += piece.len();
                Ok(piece)
            }
            Content::Streaming(piece, response) => {
                while capacity > 0 && piece.is_empty() {
                    match wait_shared(async { Ok(response.chunk().await?) })? {
                        Some(chunk) => *piece = chunk,
                        None => break,
                    }
                }
                Ok(piece.copy_to_bytes(piece.len().min(capacity)))
            }
        }
    }
}

/// Frees a response, read to its end or not. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_free(response: *mut evertoken_response) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(response) }
}

/// The HTTP status, such as 200; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_status(response: *const evertoken_response) -> c_int {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(response, 0, |response, _| response.head.status) }
}

/// The URL of the request that got this response, after redirects. NULL for NULL. `len` may be NULL. Lives as long as the
/// response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_url(
    response: *const evertoken_response,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(response, len, |response| Some(response.head.url.ended())) }
}

/// The value of the header `name`, whose case does not matter; of several with that name the one at `index`, from 0. NULL if
/// there is none. `len` may be NULL. Lives as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_header(
    response: *const evertoken_response,
    name: *const c_char,
    index: usize,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        let name = Contract::promised()
            .octets_or_none(name)
            .map(<[u8]>::to_vec);
        look_text(response, len, |response| {
            response.head.headers.find(&name?, index)
        })
    }
}

/// The number of headers; a name that occurs twice counts twice. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_header_count(
    response: *const evertoken_response,
) -> usize {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(response, 0, |response, _| {
            response.head.headers.places.len()
        })
    }
}

/// Writes the name (in lower case) and value of the header at `index`, from 0, which live as long as the response. Returns
/// false, and writes nothing, if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_header_at(
    response: *const evertoken_response,
    index: usize,
    header: *mut evertoken_header,
) -> bool {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(response, false, |response, contract| {
            let headers = &response.head.headers;
            let (Some(&place), Some(out)) =
                (headers.places.get(index), contract.out_or_none(header))
            else {
                return false;
            };
            out.write(evertoken_header {
                name: headers.name(place).as_ptr().cast(),
                value: headers.value(place).as_ptr().cast(),
            });
            true
        })
    }
}

/// The whole body, followed by a NUL that `*len` does not count. NULL for NULL and for a streamed response. `len` may be
/// NULL. Lives as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_body(
    response: *const evertoken_response,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(response, len, |response| match &response.content {
            Content::Whole(body, _) => Some(body.as_slice()),
            Content::Streaming(..) => None,
        })
    }
}

/// Reads the next piece of the body: writes up to `capacity` bytes to `buffer` and their number to `*len`; 0 at the end.
/// For a streamed response it waits for the piece, within the call's timeouts.
///
/// Threads: one at a time per response. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_read(
    response: *mut evertoken_response,
    buffer: *mut c_void,
    capacity: usize,
    len: *mut usize,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let len = contract.out(len, "len")?;
            let buffer = contract.buffer(buffer.cast(), capacity, "buffer")?;
            let piece = contract
                .get_mut(response, "response")?
                .next(buffer.capacity())?;
            len.write(buffer.write(&piece));
            Ok(())
        })
    }
}

/// Why a 401 could not be recovered from, as one of the strings of evertoken_verdict_reason(); NULL for any other response.
/// Lives as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_reason(
    response: *const evertoken_response,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(response, std::ptr::null(), |response, _| {
            response
                .head
                .reason
                .as_ref()
                .map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// The error of the renewal that failed after the 401; NULL if there was none. It belongs to the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_response_error(
    response: *const evertoken_response,
) -> *const evertoken_error {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(response, std::ptr::null(), |response, _| {
            response
                .head
                .error
                .as_ref()
                .map_or(std::ptr::null(), Lent::as_ptr)
        })
    }
}
