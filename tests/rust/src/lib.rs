//! The Rust runner of the conformance vectors; the page beside the vectors says what it does.

mod check;
mod client;
mod outcome;
mod place;
mod run;
mod step;
mod vector;

pub use client::builder;
pub use place::Place;
pub use run::run;
pub use vector::Vector;

/// What went wrong, for the one who reads the test's output.
pub type Failure = String;
