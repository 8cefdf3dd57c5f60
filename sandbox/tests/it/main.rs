//! The sandbox over real sockets.
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

mod client;
mod clock;
mod connections;
mod control;
mod faults;
mod journal;
mod oauth_switches;
mod passkit;
mod pismo;
mod plain;
mod readme;
mod script;
mod secure;
mod wso2;
