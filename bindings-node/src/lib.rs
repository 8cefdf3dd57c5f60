//! The native half of the npm package `evertoken`. Private: `lib/*.cjs` is its only caller and gives it its shape.
//!
//! - Whatever fails crosses the border as data ([`failure::Failure`]); JavaScript makes the error of it.
//! - Calls that wait are started with a number and answered through one function per environment
//!   ([`line::Line`]); `calls` says where the work runs.
//! - Nothing here decides anything: names and units are converted, the core does the rest.
// Arguments come across the border by value.
#![allow(clippy::needless_pass_by_value)]

pub mod authorization;
pub mod body;
mod calls;
pub mod client;
#[cfg(unix)]
mod driven;
#[cfg(not(unix))]
#[path = "driven_elsewhere.rs"]
mod driven;
pub mod events;
pub mod failure;
#[cfg(unix)]
mod libuv;
mod line;
pub mod names;
pub mod options;
pub mod port;
pub mod request;
pub mod sandbox;
pub mod tables;

/// Runs when the addon is loaded. JavaScript has threads of its own, so one of ours is enough.
#[napi_derive::module_init]
fn init() {
    evertoken::runtime::use_one_thread();
}
