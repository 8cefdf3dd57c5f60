//! What is read off the machine: processor time, memory, latencies.

use std::time::{Duration, Instant};

/// Processor time of this process so far, all threads, user and system.
pub fn cpu() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A line of `/proc/self/status` in kilobytes, such as `VmRSS` (now) or `VmHWM` (at most so far).
pub fn memory_kb(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The value below which `share` of the sorted ones lie, in microseconds.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation
)]
pub fn quantile_us(sorted: &[Duration], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[place].as_secs_f64() * 1e6
}

/// Runs slices of wall time until enough processor time went into them, first to warm up, then to measure; what the
/// measured ones found, and the wall and processor time they took.
///
/// So a busy machine makes a run longer, not shorter of samples. Three times the usual wall time ends it all the same.
pub fn measured<T: Default>(
    time: Duration,
    mut run: impl FnMut(Duration) -> T,
    and: impl Fn(T, T) -> T,
) -> (T, Duration, Duration) {
    let enough = time / 2;
    let mut phase = || {
        let (began, used) = (Instant::now(), cpu());
        let mut found = T::default();
        loop {
            found = and(found, run(time / 4));
            let (wall, spent) = (began.elapsed(), cpu().saturating_sub(used));
            if spent >= enough || wall >= enough * 6 {
                return (found, wall, spent);
            }
        }
    };
    phase();
    phase()
}
