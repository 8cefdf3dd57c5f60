//! Requests through the core.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use evertoken::http::Payload;
use evertoken::{Client, Error, Method, RequestBuilder, Response};
use http::{HeaderMap, Version};
use napi::Env;
use napi::bindgen_prelude::{Buffer, BufferSlice, ToNapiValue, Unknown};
use napi_derive::napi;
use tokio::sync::Mutex;

use crate::calls::Calls;
use crate::failure::Failure;
use crate::line::Value;
use crate::names::duration;
use crate::port::Port;

/// Above this a body changes owner instead of being copied; below, an external buffer costs more than the copy.
const COPIED_BYTES: usize = 16 * 1024;

/// What JavaScript says of a request besides its method, URL and body. Most requests come without: to read this costs more
/// than all other arguments.
#[napi(object, object_to_js = false)]
pub struct Details {
    /// Name, value, name, value.
    pub headers: Vec<String>,
    /// Milliseconds; `Infinity` for none, nothing for the client's.
    pub timeout: Option<f64>,
    /// Milliseconds that making a connection may take; nothing for the client's.
    pub connect_timeout: Option<f64>,
    /// Milliseconds that the server may be silent; nothing for any.
    pub read_timeout: Option<f64>,
    /// Whether redirects are followed.
    pub follow: bool,
    /// Whether the response's body is read piece by piece.
    pub stream: bool,
}

/// The request, ready to be sent.
pub(crate) fn prepare(
    client: &Client,
    method: &str,
    url: &str,
    payload: Payload,
    details: Option<&Details>,
) -> Result<RequestBuilder, Error> {
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Error::config("method", "is not an HTTP method"))?;
    let request = client.request(method, url).payload(payload);
    Ok(match details {
        Some(details) => details.put_on(request),
        None => request,
    })
}

impl Details {
    fn put_on(&self, mut request: RequestBuilder) -> RequestBuilder {
        request = request.follow_redirects(self.follow);
        for pair in self.headers.chunks_exact(2) {
            request = request.header(&pair[0], &pair[1]);
        }
        if let Some(millis) = self.timeout {
            request = request.timeout(millis.is_finite().then(|| duration(millis)));
        }
        if let Some(millis) = self.connect_timeout {
            request = request.connect_timeout(duration(millis));
        }
        if let Some(millis) = self.read_timeout {
            request = request.read_timeout(duration(millis));
        }
        request
    }
}

/// Sends it and delivers the response, whole or with its body still to be read.
pub(crate) fn send(calls: &Rc<Calls>, id: i64, request: RequestBuilder, stream: bool) {
    calls.start_here(
        id,
        async move {
            let mut response = request.send().await?;
            let body = if stream {
                None
            } else {
                Some(response.bytes().await?)
            };
            Ok((response, body))
        },
        move |(response, body)| {
            let head = Head::of(&response);
            let rest = NativeReader {
                response: Arc::new(Mutex::new(body.is_none().then_some(response))),
            };
            Value::made(move |env| {
                let body = match body {
                    Some(body) => whole(env, body)?,
                    None => rest.into_unknown(env)?,
                };
                head.into_list(env, body)
            })
        },
    );
}

/// Everything about a response but its body.
struct Head {
    status: u32,
    version: &'static str,
    url: String,
    headers: Vec<u8>,
    reason: Option<&'static str>,
    error: Option<Failure>,
}

impl Head {
    fn of(response: &Response) -> Self {
        let given_back = response.given_back();
        Self {
            status: response.status().as_u16().into(),
            version: version(response.version()),
            url: response.url_text().to_owned(),
            headers: lines(response.headers()),
            reason: given_back.map(|given_back| given_back.reason.code()),
            error: given_back
                .and_then(|given_back| given_back.error.clone())
                .map(Failure::from),
        }
    }

    /// A list, which costs half of what an object with named members does.
    fn into_list<'env>(self, env: &'env Env, body: Unknown<'env>) -> napi::Result<Unknown<'env>> {
        let mut list = env.create_array(7)?;
        list.set(0, self.status)?;
        list.set(1, self.version)?;
        list.set(2, self.url)?;
        list.set(3, latin1(&self.headers))?;
        list.set(4, self.reason)?;
        list.set(5, self.error)?;
        list.set(6, body)?;
        list.into_unknown(env)
    }
}

/// The headers as lines. JavaScript takes them apart when somebody looks: most callers look at one or none.
fn lines(headers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::with_capacity(headers.len() * 48);
    for (name, value) in headers {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.push(b':');
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// Bytes as the characters of the same number, as the fetch standard decodes headers.
fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().copied().map(char::from).collect(),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

fn whole(env: &Env, bytes: Bytes) -> napi::Result<Unknown<'_>> {
    if bytes.len() <= COPIED_BYTES {
        BufferSlice::copy_from(env, &bytes)?.into_unknown(env)
    } else {
        Buffer::from(Vec::from(bytes)).into_unknown(env)
    }
}

/// The rest of a response, read piece by piece.
#[napi]
pub struct NativeReader {
    response: Arc<Mutex<Option<Response>>>,
}

#[napi]
impl NativeReader {
    /// Delivers the next piece, or null at the end.
    #[napi(catch_unwind)]
    pub fn next(&self, port: &Port, id: i64) {
        let response = Arc::clone(&self.response);
        port.calls().start_here(
            id,
            async move {
                let mut response = response.lock().await;
                let piece = match response.as_mut() {
                    Some(response) => response.chunk().await?,
                    None => None,
                };
                if piece.is_none() {
                    response.take();
                }
                Ok(piece)
            },
            |piece| {
                Value::made(|env| match piece {
                    Some(piece) => whole(env, piece),
                    None => napi::bindgen_prelude::Null.into_unknown(env),
                })
            },
        );
    }

    /// Lets go of the connection without reading the rest.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        if let Ok(mut response) = self.response.try_lock() {
            response.take();
        }
    }
}
