//! The sandbox over real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

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
mod script;
mod secure;
mod wso2;
