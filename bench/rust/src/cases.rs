//! The cases header, request and memory.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::adapters::Adapter;
use crate::meter;
use crate::server::Server;

/// How many header calls are made between two looks at the clock.
const BATCH: u64 = 1_000;
/// The memory case: so many rounds of so many requests.
const ROUNDS: usize = 11;
const REQUESTS: usize = 10_000;

/// What one run measures.
pub struct Plan {
    /// The case's name.
    pub case: String,
    /// Against which server.
    pub server: Server,
    /// How many callers at once.
    pub callers: usize,
    /// For how long.
    pub time: Duration,
}

impl Plan {
    /// One caller needs one thread; many get as many as the machine has cores.
    pub fn runtime(&self) -> Runtime {
        let built = if self.callers == 1 {
            Builder::new_current_thread().enable_all().build()
        } else {
            Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
        };
        built.expect("the machine allows a runtime")
    }
}

/// Requests that were made: how long each took, and how many failed.
#[derive(Default)]
pub struct Samples {
    times: Vec<Duration>,
    failed: usize,
}

impl Samples {
    /// One more request.
    pub fn add(&mut self, status: u16, time: Duration) {
        self.times.push(time);
        self.failed += usize::from(status != 200);
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.times.extend(other.times);
        self.failed += other.failed;
        self
    }

    /// The result of a request run.
    pub fn report(mut self, wall: Duration, cpu: Duration) -> Value {
        self.times.sort_unstable();
        json!({
            "requests": self.times.len(),
            "failed": self.failed,
            "seconds": wall.as_secs_f64(),
            "cpu": cpu.as_secs_f64(),
            "p50_us": meter::quantile_us(&self.times, 0.5),
            "p99_us": meter::quantile_us(&self.times, 0.99),
            "peak_kb": meter::memory_kb("VmHWM"),
        })
    }
}

async fn loop_for<A: Adapter>(client: A, time: Duration) -> Samples {
    let mut samples = Samples::default();
    let end = Instant::now() + time;
    loop {
        let began = Instant::now();
        if began >= end {
            return samples;
        }
        let status = client.get().await;
        samples.add(status, began.elapsed());
    }
}

/// Authenticated requests, `callers` at once.
pub fn request<A: Adapter>(plan: &Plan) -> Value {
    let runtime = plan.runtime();
    let client = runtime.block_on(A::prepare(plan.server));
    let run = |time| {
        if plan.callers == 1 {
            return runtime.block_on(loop_for(client.clone(), time));
        }
        let callers = (0..plan.callers).map(|_| loop_for(client.clone(), time));
        let found = runtime.block_on(async { all(callers).await });
        found.into_iter().fold(Samples::default(), Samples::and)
    };
    let (samples, wall, cpu) = meter::measured(plan.time, run, Samples::and);
    samples.report(wall, cpu)
}

/// Headers, each caller a thread.
pub fn header<A: Adapter>(plan: &Plan) -> Value {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("the machine allows a runtime");
    let client = runtime.block_on(A::prepare(plan.server));
    assert!(runtime.block_on(client.header()) > 0, "a header comes");
    per_call(plan, |time| {
        runtime.block_on(async {
            let end = Instant::now() + time;
            let mut calls = 0;
            while Instant::now() < end {
                for _ in 0..BATCH {
                    assert!(client.header().await > 0, "a header comes");
                }
                calls += BATCH;
            }
            calls
        })
    })
}

/// Runs `caller` on each of the plan's threads and divides their processor time by the calls they made.
pub fn per_call(plan: &Plan, caller: impl Fn(Duration) -> u64 + Sync) -> Value {
    let run = |time| {
        if plan.callers == 1 {
            return caller(time);
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..plan.callers)
                .map(|_| scope.spawn(|| caller(time)))
                .collect();
            let calls = threads
                .into_iter()
                .map(|thread| thread.join().expect("no caller panics"));
            calls.sum()
        })
    };
    let (calls, _, cpu): (u64, _, _) = meter::measured(plan.time, run, |one, other| one + other);
    json!({ "ns": nanoseconds(cpu, calls), "calls": calls })
}

#[allow(clippy::cast_precision_loss)]
fn nanoseconds(time: Duration, calls: u64) -> f64 {
    time.as_secs_f64() * 1e9 / calls.max(1) as f64
}

/// Resident memory over the bare process after each round of requests.
pub fn memory<A: Adapter>(plan: &Plan) -> Value {
    let bare = meter::memory_kb("VmRSS");
    plan.runtime().block_on(async {
        let client = A::prepare(plan.server).await;
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            for _ in 0..REQUESTS {
                assert_eq!(client.get().await, 200, "a request succeeds");
            }
            rounds.push(meter::memory_kb("VmRSS").saturating_sub(bare));
        }
        json!({ "bare_kb": bare, "rounds_kb": rounds })
    })
}

/// Waits for all of `futures`, each on a task of its own.
pub async fn all<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("no caller panics"));
    }
    results
}
