//! Calls of the API: methods, URLs, headers and bodies that go in, names of headers that are looked up.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ptr;
use std::sync::LazyLock;

use evertoken_c_rlib::authorization::{
    evertoken_authorization_free, evertoken_authorization_value,
    evertoken_client_authorization_copy, evertoken_client_authorize,
};
use evertoken_c_rlib::client::{
    evertoken_client, evertoken_client_close, evertoken_client_free, evertoken_client_new,
};
use evertoken_c_rlib::config::{evertoken_config_free, evertoken_config_passkit_token};
use evertoken_c_rlib::config_options::evertoken_config_set_base_url;
use evertoken_c_rlib::request::{
    evertoken_request_add_header, evertoken_request_free, evertoken_request_new,
    evertoken_request_set_body, evertoken_request_set_connect_timeout_ms,
    evertoken_request_set_read_timeout_ms, evertoken_request_set_timeout_ms,
};
use evertoken_c_rlib::response::{
    evertoken_response, evertoken_response_free, evertoken_response_header,
    evertoken_response_header_at,
};
use evertoken_c_rlib::send::{evertoken_client_request, evertoken_client_send};
use evertoken_c_rlib::status::evertoken_status;
use evertoken_c_rlib::verdict::evertoken_header;
use url::Url;

use super::handle::{Owned, asked, made, text};
use super::judge::pasted;
use crate::fields::{Fields, text as c_text};
use crate::promise;

const ORIGIN: &str = "https://api.pub1.passkit.io";
const VALUE: &str = "pasted-t0ken";

static OPEN: LazyLock<Owned<evertoken_client>> = LazyLock::new(pasted);

/// A client that is closed: what it refuses, it refuses before it would send.
static CLOSED: LazyLock<Owned<evertoken_client>> = LazyLock::new(|| {
    let client = pasted();
    // SAFETY: the client is alive.
    unsafe { evertoken_client_close(client.ptr()) };
    client
});

/// An answer, read whole, with a header that comes twice.
static RESPONSE: LazyLock<Owned<evertoken_response>> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 4096]);
        let answer = b"HTTP/1.1 200 OK\r\nx-a: 1\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).expect("sent");
    });
    let url = c_text(format!("http://127.0.0.1:{port}/").as_bytes());
    // SAFETY: texts ended by NUL; handles live as long as they are used.
    let response = unsafe {
        let config = made(evertoken_config_free, |out, error| {
            evertoken_config_passkit_token(ptr::null(), c"pasted".as_ptr(), out, error)
        })
        .expect("a configuration");
        evertoken_config_set_base_url(config.ptr(), url.as_ptr());
        let client = made(evertoken_client_free, |out, error| {
            evertoken_client_new(config.ptr(), out, error)
        })
        .expect("a client");
        made(evertoken_response_free, |out, error| {
            let (method, path) = (c"GET".as_ptr(), c"/".as_ptr());
            evertoken_client_request(client.ptr(), method, path, ptr::null(), 0, 0, out, error)
        })
    };
    server.join().expect("the server's end");
    response.expect("a response")
});

/// A method, a URL, an index, how many headers, their names and values, the timeouts (the call's, its connection's, for
/// silence), the body; all separated by NUL.
pub fn call(data: &[u8]) {
    let mut fields = Fields::new(data);
    let (method, url) = (fields.text(), fields.text());
    authorize(&url);
    look_up(&method, fields.number());
    // SAFETY: texts ended by NUL.
    let request = made(evertoken_request_free, |out, error| unsafe {
        evertoken_request_new(method.as_ptr(), url.as_ptr(), out, error)
    });
    let Ok(request) = request else {
        return;
    };
    for _ in 0..fields.number().clamp(0, 4) {
        let (name, value) = (fields.text(), fields.text());
        // SAFETY: the request is alive, texts are ended by NUL.
        asked(|error| unsafe {
            evertoken_request_add_header(request.ptr(), name.as_ptr(), value.as_ptr(), error)
        });
    }
    let timeout_ms = fields.number();
    let (connect_ms, read_ms, body) = (fields.number(), fields.number(), fields.rest());
    // SAFETY: as above; the body is as long as said.
    unsafe {
        asked(|error| evertoken_request_set_timeout_ms(request.ptr(), timeout_ms, error));
        let status = asked(|error| {
            evertoken_request_set_connect_timeout_ms(request.ptr(), connect_ms, error)
        });
        assert_eq!(status, limit_status(connect_ms));
        let status =
            asked(|error| evertoken_request_set_read_timeout_ms(request.ptr(), read_ms, error));
        assert_eq!(status, limit_status(read_ms));
        asked(|error| {
            evertoken_request_set_body(request.ptr(), body.as_ptr().cast(), body.len(), error)
        });
        let sent = made(evertoken_response_free, |out, error| {
            evertoken_client_send(CLOSED.ptr(), request.ptr(), out, error)
        });
        let refusals = [
            evertoken_status::EVERTOKEN_CLOSED,
            evertoken_status::EVERTOKEN_CONFIG_INVALID,
            evertoken_status::EVERTOKEN_ORIGIN_REFUSED,
            // A deadline of a millisecond.
            evertoken_status::EVERTOKEN_TIMED_OUT,
        ];
        assert!(sent.is_err_and(|status| refusals.contains(&status)));
    }
}

/// A limit may be anything but below 0.
fn limit_status(timeout_ms: i64) -> evertoken_status {
    if timeout_ms < 0 {
        evertoken_status::EVERTOKEN_CONFIG_INVALID
    } else {
        evertoken_status::EVERTOKEN_OK
    }
}

/// The token goes to its own origin only, whatever the text; into a buffer only as far as it reaches.
fn authorize(url: &std::ffi::CStr) {
    // SAFETY: the client is alive, the text ended by NUL, the buffer as long as said.
    unsafe {
        let authorization = made(evertoken_authorization_free, |out, error| {
            evertoken_client_authorize(OPEN.ptr(), url.as_ptr(), out, error)
        });
        if let Ok(authorization) = authorization {
            let value = text(evertoken_authorization_value(
                authorization.ptr(),
                ptr::null_mut(),
            ));
            assert!(value.expect("a value").ends_with(VALUE));
            promise::token(VALUE);
            let written = url.to_str().expect("UTF-8 was asked for");
            if let Ok(url) = Url::parse(written) {
                let origin = url.origin().ascii_serialization();
                assert_eq!(origin.trim_end_matches('.'), ORIGIN, "{written:?}");
            }
        }
        let capacity = url.to_bytes().len();
        let mut buffer = vec![0x5A_u8; capacity + 1];
        let mut len = 0;
        let copied = asked(|error| {
            let (to, length) = (buffer.as_mut_ptr().cast(), &raw mut len);
            evertoken_client_authorization_copy(OPEN.ptr(), to, capacity, length, error)
        });
        assert_eq!(buffer[capacity], 0x5A, "written beyond the buffer");
        assert_eq!(copied == evertoken_status::EVERTOKEN_OK, len < capacity);
    }
}

/// Only what is there is found.
fn look_up(name: &std::ffi::CStr, index: i64) {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let mut header = evertoken_header {
        name: ptr::null(),
        value: ptr::null(),
    };
    // SAFETY: the response is alive, and its texts live as long.
    unsafe {
        let mut len = usize::MAX;
        let found = text(evertoken_response_header(
            RESPONSE.ptr(),
            name.as_ptr(),
            index,
            &raw mut len,
        ));
        assert_eq!(len, found.map_or(0, str::len));
        let is_known = ["x-a", "content-length", "date"]
            .iter()
            .any(|known| name.to_bytes().eq_ignore_ascii_case(known.as_bytes()));
        assert!(found.is_none() || (is_known && index < 2));
        let is_there = evertoken_response_header_at(RESPONSE.ptr(), index, &raw mut header);
        assert_eq!(is_there, !header.name.is_null() && !header.value.is_null());
    }
}
