//! The wait that a message for people states: "Try again in 37 seconds", "Expected available in 52 seconds", "You must wait 40
//! seconds", "Please try again after 1 minute(s)", "Account is blocked for 30 seconds".

/// In seconds; `None` if the message states none. What expires in a while is not meant.
pub(super) fn wait_secs(message: &str) -> Option<f64> {
    const LEADS: &[&str] = &["again", "retry", "available", "wait", "locked", "blocked"];
    const BETWEEN: &[&str] = &["in", "after", "for", "at", "least", "another"];
    let message = message.to_lowercase();
    let words: Vec<&str> = message
        .split(|c: char| !(c.is_alphanumeric() || c == '.'))
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).enumerate().find_map(|(at, pair)| {
        let count: u32 = pair[0].parse().ok()?;
        let unit_secs = match pair[1].trim_end_matches('.') {
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "min" | "mins" | "minute" | "minutes" => 60.0,
            "hour" | "hours" => 3600.0,
            _ => return None,
        };
        let lead = words[..at]
            .iter()
            .rev()
            .find(|word| !BETWEEN.contains(word))?;
        LEADS.contains(lead).then(|| f64::from(count) * unit_secs)
    })
}

#[cfg(test)]
mod tests {
    use super::wait_secs;

    #[test]
    fn a_wait_is_read_from_words() {
        for (message, secs) in [
            (
                "Rate limit is exceeded. Try again in 37 seconds.",
                Some(37.0),
            ),
            (
                "Request was throttled. Expected available in 52 seconds.",
                Some(52.0),
            ),
            (
                "You must wait 40 seconds before trying this endpoint again.",
                Some(40.0),
            ),
            ("Please try again after 1 minute(s)", Some(60.0)),
            ("Account is blocked for 30 seconds.", Some(30.0)),
            ("Retry after 2 hours", Some(7200.0)),
            ("Wait at least 5 min", Some(300.0)),
            ("The token expires in 3600 seconds", None),
            ("Locked after 3 attempts", None),
            ("Try again later", None),
            ("37 seconds", None),
            ("again 4294967296 seconds", None),
            ("", None),
        ] {
            assert_eq!(wait_secs(message), secs, "{message}");
        }
    }
}
