//! Random numbers for jitter, straight from the operating system: no state that a forked child would share.

/// A number from 0 to 1.
pub(crate) fn unit() -> f64 {
    // Without a source of randomness every process draws the middle, which is still a legal draw.
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / f64::from(u32::MAX))
}
