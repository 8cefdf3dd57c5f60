//! What a fuzzer calls: everything that takes bytes or texts from outside, as functions of bytes that panic where a
//! promise is broken. None sends anything, except for one response that the process fetches from itself.
//!
//! An input is readable: fields behind each other, separated by NUL, or an HTTP message's head and body. So a corpus can
//! be read and written by hand.
#![allow(clippy::missing_panics_doc, reason = "a panic is the finding")]

mod answer;
mod c;
mod fields;
mod mutate;
mod parts;
mod promise;

pub use answer::answer;
pub use c::{call, config, judge};
pub use mutate::Mutations;
pub use parts::{challenge, dates, document, inspect, jwt, profile, redirect, scrub};

/// A function that a fuzzer calls.
pub type Target = fn(&[u8]);

/// Every target by name: the names of the corpus folders and of the fuzzer's programs.
pub const TARGETS: &[(&str, Target)] = &[
    ("answer", answer),
    ("call", call),
    ("challenge", challenge),
    ("config", config),
    ("dates", dates),
    ("document", document),
    ("inspect", inspect),
    ("judge", judge),
    ("jwt", jwt),
    ("profile", profile),
    ("redirect", redirect),
    ("scrub", scrub),
];
