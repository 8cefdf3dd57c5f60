//! Sending requests, with bodies that are read from a function too.

use std::ffi::{c_char, c_void};
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use evertoken::RequestBuilder;
use evertoken::http::Payload;
use evertoken::runtime;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::boundary::{Failure, Outcome, enter, wait, wait_shared, wait_whole};
use crate::call::Cancel;
use crate::client::evertoken_client;
use crate::error::evertoken_error;
use crate::ffi::hand_over;
use crate::request::{Body, Delivery, Reader, Request, Writer, evertoken_request};
use crate::response::{ResponseValue, evertoken_response};
use crate::status::evertoken_status;

/// Sends a request to `url`, absolute or below the base URL, with the token, and waits for the whole response. After a 401
/// the token is renewed and the request sent again, once. Every response is EVERTOKEN_OK here, also a 401 that could not be
/// recovered from: see evertoken_response_reason().
///
/// `body` has `body_len` bytes; NULL and 0 send none. `timeout_ms` limits the whole call, including waiting for the token
/// (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit, except that of waiting for a token).
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_request(
    client: *const evertoken_client,
    method: *const c_char,
    url: *const c_char,
    body: *const c_void,
    body_len: usize,
    timeout_ms: i64,
    response: *mut *mut evertoken_response,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(response, "response")?;
            let client = &contract.get(client, "client")?.core;
            let request =
                Request::new(contract.text(method, "method")?, contract.text(url, "url")?)?;
            let request = request.with(
                contract.slice(body.cast::<u8>(), body_len, "body")?,
                timeout_ms,
            );
            out.write(hand_over(send(&request, client)?));
            Ok(())
        })
    }
}

/// Sends a request that was described with evertoken_request_new(); otherwise as evertoken_client_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_send(
    client: *const evertoken_client,
    request: *const evertoken_request,
    response: *mut *mut evertoken_response,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(response, "response")?;
            let client = &contract.get(client, "client")?.core;
            out.write(hand_over(send(contract.get(request, "request")?, client)?));
            Ok(())
        })
    }
}

/// Sends on this thread.
fn send(request: &Request, client: &evertoken::Client) -> Outcome<ResponseValue> {
    let builder = request.builder(client);
    let delivery = request.delivery;
    match (&request.body, delivery) {
        (Body::Reader(reader), _) => wait_on(delivery, read_here(builder, delivery, *reader)),
        (_, Delivery::Whole) => wait_whole(|| response(builder, delivery, &Place::Here)),
        _ => wait_on(delivery, response(builder, delivery, &Place::Here)),
    }
}

fn wait_on(
    delivery: Delivery,
    sending: impl Future<Output = Outcome<ResponseValue>> + Send,
) -> Outcome<ResponseValue> {
    if matches!(delivery, Delivery::Streaming) {
        wait_shared(sending)
    } else {
        wait(sending)
    }
}

/// Sends on the library's threads.
pub(crate) async fn send_in_background(
    request: Request,
    client: evertoken::Client,
    cancel: Cancel,
) -> Outcome<ResponseValue> {
    let builder = request.builder(&client);
    let writing = Arc::default();
    let place = Place::Background(Arc::clone(&writing));
    let outcome = match request.body {
        Body::Reader(reader) => {
            read_in_background(builder, request.delivery, reader, &place, &cancel).await
        }
        _ => {
            cancel
                .or(pin!(response(builder, request.delivery, &place)))
                .await
        }
    };
    // A call that was given up may have left the write function at work.
    drop(writing.lock().await);
    outcome
}

/// Where the caller's functions run.
enum Place {
    /// On the thread that waits.
    Here,
    /// On threads that may block; locked while a write function is at work.
    Background(Arc<Mutex<()>>),
}

impl Place {
    /// Whether the function took the piece.
    async fn write(&self, writer: Writer, piece: Bytes) -> bool {
        match self {
            Self::Here => writer.take(&piece),
            Self::Background(writing) => {
                let at_work = Arc::clone(writing).lock_owned().await;
                let writing = runtime::handle().spawn_blocking(move || {
                    let taken = writer.take(&piece);
                    drop(at_work);
                    taken
                });
                writing.await.unwrap_or(false)
            }
        }
    }
}

async fn response(
    request: RequestBuilder,
    delivery: Delivery,
    place: &Place,
) -> Outcome<ResponseValue> {
    let mut response = request.send().await?;
    match delivery {
        Delivery::Whole => ResponseValue::whole(response).await,
        Delivery::Streaming => Ok(ResponseValue::streaming(response)),
        Delivery::Written(writer) => {
            while let Some(piece) = response.chunk().await? {
                if !place.write(writer, piece).await {
                    return Err(Failure::binding(
                        evertoken_status::EVERTOKEN_CALLBACK_FAILED,
                        "the write function of the response failed",
                    ));
                }
            }
            Ok(ResponseValue::emptied(&response))
        }
    }
}

/// Asks for one piece of a body and says where it is wanted.
type Demand = oneshot::Sender<Option<io::Result<Bytes>>>;

/// The request with a body that comes piece by piece, and where its pieces are asked for: so a function is not asked
/// for a byte before the server is to have it.
fn on_demand(request: RequestBuilder) -> (RequestBuilder, mpsc::Receiver<Demand>) {
    let (ask, asked) = mpsc::channel::<Demand>(1);
    let pieces = stream::unfold(ask, |ask| async move {
        let (give, given) = oneshot::channel();
        let piece = match ask.send(give).await {
            Ok(()) => given.await.ok(),
            Err(_) => None,
        };
        // Nobody reads any more: that must break the request off, not end its body as if it were whole.
        let piece = piece.unwrap_or_else(|| Some(Err(io::Error::other("the call is over"))));
        piece.map(|piece| (piece, ask))
    });
    (request.payload(Payload::Once(pieces.boxed())), asked)
}

/// Serves one demand; whether the function failed.
fn serve(reader: Reader, demand: Demand) -> bool {
    let piece = reader.next();
    let failed = matches!(piece, Some(Err(_)));
    // Whoever asked may be gone.
    let _ = demand.send(piece);
    failed
}

fn explained<T>(outcome: Outcome<T>, reader_failed: bool) -> Outcome<T> {
    if outcome.is_err() && reader_failed {
        return Err(Failure::binding(
            evertoken_status::EVERTOKEN_CALLBACK_FAILED,
            "the read function of the body failed",
        ));
    }
    outcome
}

/// Reads the body on the thread that waits for the response.
async fn read_here(
    request: RequestBuilder,
    delivery: Delivery,
    reader: Reader,
) -> Outcome<ResponseValue> {
    let (request, mut asked) = on_demand(request);
    let mut response = pin!(response(request, delivery, &Place::Here));
    let mut failed = false;
    loop {
        tokio::select! {
            outcome = &mut response => return explained(outcome, failed),
            Some(demand) = asked.recv() => failed |= serve(reader, demand),
        }
    }
}

/// Reads the body on a thread that may block, and waits until the function has returned for the last time.
async fn read_in_background(
    request: RequestBuilder,
    delivery: Delivery,
    reader: Reader,
    place: &Place,
    cancel: &Cancel,
) -> Outcome<ResponseValue> {
    let (request, mut asked) = on_demand(request);
    let (over, mut is_over) = oneshot::channel::<()>();
    let shared = runtime::handle();
    let reading = shared.clone().spawn_blocking(move || {
        let mut failed = false;
        let mut next = || {
            shared.block_on(async {
                tokio::select! {
                    biased;
                    _ = &mut is_over => None,
                    demand = asked.recv() => demand,
                }
            })
        };
        while let Some(demand) = next() {
            failed |= serve(reader, demand);
        }
        failed
    });
    let response = AssertUnwindSafe(response(request, delivery, place)).catch_unwind();
    let response = response.map(|outcome| outcome.unwrap_or_else(|_| Err(Failure::panic())));
    let outcome = cancel.or(pin!(response)).await;
    drop(over);
    explained(outcome, reading.await.unwrap_or(true))
}
