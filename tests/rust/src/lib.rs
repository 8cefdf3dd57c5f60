//! The Rust runner of the conformance vectors, which tests/vectors/README.md describes, and the helpers of the other tests here.

pub mod capture;
mod check;
mod client;
#[cfg(unix)]
pub mod event_loop;
mod outcome;
mod place;
mod plain;
mod proxy;
mod run;
pub mod server;
mod step;
mod steps;
mod tls;
mod vector;

pub use client::builder;
pub use place::Place;
pub use plain::{count, grant, plain, plain_at, sandbox, scripted, until};
pub use proxy::Proxy;
pub use run::run;
pub use tls::{acceptor, acceptor_with};
pub use vector::Vector;

/// What went wrong, for the test's output.
pub type Failure = String;

/// Compiles the README's Rust snippets.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
