//! The command as a program, against a sandbox over real sockets.
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

mod bench;
mod doctor;
mod inspect;
mod request;
mod run;
mod token;
