//! The C binding: every function of `include/evertoken.h`.
//!
//! This crate converts and nothing else. What a caller promises stands once, in the header's preamble
//! (`examples/header/preamble.h`). Each function takes that promise as a value, [`ffi::Contract`], in its one unsafe block;
//! what is done on the strength of it is in `ffi.rs`, and calling back into C in `call.rs`, `event.rs` and `request.rs`.
#![allow(non_camel_case_types, reason = "the names are C's")]
#![allow(
    clippy::missing_safety_doc,
    reason = "the contract stands once, in the header's preamble"
)]
#![allow(
    clippy::doc_markdown,
    reason = "the comments are the header's, where names stand without backticks"
)]

mod boundary;
mod callback;
mod ffi;
mod hot;
mod text;

pub mod status;

pub mod error;

pub mod config;
pub mod config_options;

pub mod client;
pub mod state;

pub mod token;

pub mod authorization;
pub mod verdict;

pub mod request;
pub mod response;
pub mod send;

pub mod event;
pub mod log;
pub mod subscription;

pub mod call;
