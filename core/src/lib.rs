//! Evertoken: a bearer token that is always valid.
#![deny(unsafe_code)]

pub mod error;
pub mod options;
pub mod secret;
