use std::future::{pending, ready};
use std::pin::pin;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, advance, sleep};

use super::{Deadline, KEPT, Timers};

const SECOND: Duration = Duration::from_secs(1);

fn timers() -> Timers {
    Timers::new(Handle::current().id())
}

impl Timers {
    /// When the idle timers will fire, in seconds from `start`.
    fn fire_times(&self, start: Instant) -> Vec<u64> {
        let seconds = |timer: &super::Timer| (timer.sleep.deadline() - start).as_secs();
        self.idle().iter().map(seconds).collect()
    }
}

async fn work(seconds: u32) -> &'static str {
    sleep(SECOND * seconds).await;
    "done"
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_its_work_or_its_time() {
    let (timers, start) = (timers(), Instant::now());
    for (timeout, takes, outcome, after) in [
        (Some(3), 2, Some("done"), 2),
        (Some(3), 4, None, 5),
        (Some(0), 1, None, 5),
        (Some(0), 0, Some("done"), 5),
        (None, 100, Some("done"), 105),
    ] {
        let mut timer =
            timers.for_call(timeout.and_then(|seconds| Deadline::after(SECOND * seconds)));
        assert_eq!(timer.within(pin!(work(takes))).await.ok(), outcome);
        assert_eq!(start.elapsed(), SECOND * after, "{timeout:?} {takes}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_through_all_that_a_call_does() {
    let timers = timers();
    let start = Instant::now();
    let mut timer = timers.for_call(Deadline::after(SECOND * 5));
    assert_eq!(timer.within(pin!(work(2))).await.ok(), Some("done"));
    assert_eq!(timer.within(pin!(work(2))).await.ok(), Some("done"));
    assert_eq!(timer.within(pin!(work(2))).await.ok(), None);
    assert_eq!(start.elapsed(), SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn it_ends_work_of_which_every_piece_is_there_at_once() {
    let mut timer = timers().for_call(Deadline::after(SECOND));
    advance(SECOND * 2).await;
    let mut pieces = 0;
    while timer.within(pin!(ready(()))).await.is_ok() {
        pieces += 1;
    }
    assert_eq!(pieces, super::UNCHECKED_POLLS_MAX - 1);
}

#[tokio::test(start_paused = true)]
async fn a_timer_is_taken_over_as_it_is_set_unless_that_is_too_late() {
    let (timers, start) = (timers(), Instant::now());
    // Timeout, how long the work takes, and when the timer that was left will ring.
    for (timeout, takes, rings) in [(30, 1, 30), (30, 1, 30), (10, 1, 12), (30, 1, 12)] {
        let mut timer = timers.for_call(Deadline::after(SECOND * timeout));
        assert_eq!(timer.within(pin!(work(takes))).await.ok(), Some("done"));
        drop(timer);
        assert_eq!(timers.fire_times(start), [rings]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_rings_for_an_earlier_call_is_set_anew() {
    let (timers, start) = (timers(), Instant::now());
    assert!(
        timers
            .for_call(Deadline::after(SECOND * 3))
            .within(pin!(work(1)))
            .await
            .is_ok()
    );
    // It rings at 3, in the middle of this one.
    assert!(
        timers
            .for_call(Deadline::after(SECOND * 9))
            .within(pin!(work(8)))
            .await
            .is_ok()
    );
    assert_eq!(timers.fire_times(start), [10]);
    // It rings at 10, when nobody has it.
    sleep(SECOND * 5).await;
    let end = Deadline::after(SECOND * 4);
    let missed = timers.for_call(end).within(pin!(pending::<()>())).await;
    assert_eq!(missed.err(), end);
    assert_eq!(start.elapsed(), SECOND * 18);
    assert_eq!(timers.fire_times(start), [18]);
    assert!(
        timers
            .for_call(Deadline::after(SECOND * 2))
            .within(pin!(work(1)))
            .await
            .is_ok()
    );
    assert_eq!(timers.fire_times(start), [20]);
}

#[tokio::test(start_paused = true)]
async fn each_of_many_calls_has_its_own_and_some_are_kept() {
    let timers = timers();
    let calls = (0..2 * KEPT).map(|_| async {
        let mut timer = timers.for_call(Deadline::after(SECOND * 3));
        timer.within(pin!(work(1))).await
    });
    let outcomes = futures_util::future::join_all(calls).await;
    assert_eq!(outcomes, vec![Ok("done"); 2 * KEPT]);
    assert_eq!(timers.idle().len(), KEPT);
}

#[test]
fn a_timer_of_another_runtime_is_not_kept() {
    let build = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (here, there) = (build(), build());
    let timers = here.block_on(async { timers() });
    let outcome = there.block_on(
        timers
            .for_call(Deadline::after(SECOND * 3))
            .within(pin!(work(1))),
    );
    assert_eq!(outcome, Ok("done"));
    assert_eq!(timers.idle().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_done_its_share_for_now_loses_no_timer() {
    let timers = timers();
    let start = Instant::now();
    let mut timer = timers.for_call(Deadline::after(SECOND));
    let work = async {
        // Uses up what the runtime lets a task do at a time, so that it turns the timer away at first.
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::coop::consume_budget().await;
        }
        pending::<()>().await;
    };
    assert!(timer.within(pin!(work)).await.is_err());
    assert_eq!(start.elapsed(), SECOND);
}
