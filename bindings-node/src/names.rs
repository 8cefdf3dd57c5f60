//! Names and units: the core says `base_url` and seconds, JavaScript says `baseUrl` and milliseconds.

use std::sync::LazyLock;
use std::time::Duration;

use evertoken::{builder, flow};

/// The flows that have a constructor in JavaScript.
pub(crate) const FLOWS: &[&str] = &[
    "pismo",
    "passkit",
    "wso2",
    "password",
    "client_credentials",
    "json_login",
];

/// Options that are durations: milliseconds here, seconds in the core.
pub(crate) const DURATIONS: &[&str] = &[
    "timeout",
    "connect_timeout",
    "default_life",
    "soft_window",
    "hard_window",
];

/// Names with an underscore that may stand in the core's messages and mean an option or a property.
static KNOWN: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let own = FLOWS.iter().flat_map(|flow| flow::option_names(flow));
    let mut names: Vec<_> = builder::CLIENT_OPTIONS.iter().chain(own).copied().collect();
    names.push("retry_after");
    names.retain(|name| name.contains('_'));
    names
});

/// `baseUrl` to `base_url`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `base_url` to `baseUrl`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Which of the core's names in a message are JavaScript's to spell.
#[derive(Clone, Copy)]
pub(crate) enum Spelling<'a> {
    /// All that the core knows, and those that the caller used.
    All(&'a [String]),
    /// Those that the caller used; the others stand in a file, spelt as in the message.
    Given(&'a [String]),
}

impl Spelling<'_> {
    fn covers(self, word: &str) -> bool {
        let (Self::All(given) | Self::Given(given)) = self;
        let known = matches!(self, Self::All(_)) && KNOWN.contains(&word);
        known || given.iter().any(|name| name == word)
    }
}

/// The core's words with its option names as JavaScript writes them.
pub(crate) fn in_javascript(words: &str, spelling: Spelling<'_>) -> String {
    let mut told = String::with_capacity(words.len());
    let mut rest = words;
    while !rest.is_empty() {
        let of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = rest.find(|letter| !of_name(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if spelling.covers(word) {
            told.push_str(&camel(word));
        } else {
            told.push_str(word);
        }
        let next = after.find(of_name).unwrap_or(after.len());
        told.push_str(&after[..next]);
        rest = &after[next..];
    }
    if matches!(spelling, Spelling::Given(_)) {
        return told;
    }
    told.replace(
        "a number of seconds from 0 to 1000000000",
        "a number of milliseconds from 0 to 1000000000000",
    )
}

/// Whole milliseconds of a life: rounded down, so that nothing looks longer than it is.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).floor()
}

/// Whole milliseconds of a pause: rounded up, so that nobody comes back too early.
pub(crate) fn pause_millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000.0).ceil()
}

/// A duration from JavaScript, which has checked it: milliseconds, 0 and more.
pub(crate) fn duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or(Duration::MAX)
}
