//! A fresh token costs no allocation, and a hook may call whatever it likes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evertoken::Client;
use evertoken_tests::{grant, sandbox, scripted};
use serde_json::json;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

#[allow(unsafe_code)]
// SAFETY: it is the system's allocator; the counter has no destructor and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

async fn client() -> Client {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"POST /token": [grant("access-1", 600.0)]}))
        .expect("a script");
    let client = scripted(&sandbox).build().expect("good options");
    client.token().await.expect("a token");
    client.authorization().await.expect("a header");
    client
}

#[tokio::test]
async fn a_fresh_header_costs_no_allocation() {
    let client = client().await;
    let mut length = 0;
    let count = allocations(|| {
        for _ in 0..1_000 {
            length += client.cached(str::len).expect("a fresh header");
        }
    });
    assert_eq!((count, length), (0, 1_000 * "Bearer access-1".len()));
    assert_eq!(
        allocations(|| drop(std::hint::black_box(Box::new(1)))),
        1,
        "they are counted"
    );
}

#[tokio::test]
async fn a_fresh_token_and_leave_to_send_cost_none_either() {
    let client = client().await;
    let before = ALLOCATIONS.with(Cell::get);
    for _ in 0..1_000 {
        client.token().await.expect("a token");
        client.authorization().await.expect("a header");
    }
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_may_call_whatever_it_likes() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"POST /token": [grant("access-1", 600.0), grant("access-2", 600.0)]}))
        .expect("a script");
    let client = scripted(&sandbox).build().expect("good options");
    let (calls, inner) = (Arc::new(AtomicUsize::new(0)), client.clone());
    let counter = Arc::clone(&calls);
    // Any lock that were held here would be waited for by one of these, for ever.
    let subscription = client.on_event(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        drop(inner.on_event(|_| {}));
        inner.reset();
        let _ = (inner.state(), inner.stats(), inner.cached(str::len));
    });
    client.token().await.expect("a token");
    client.invalidate();
    client.token().await.expect("another token");
    drop(subscription);
    // flight_started and token_installed, twice.
    assert_eq!(calls.load(Ordering::Relaxed), 4);
}
