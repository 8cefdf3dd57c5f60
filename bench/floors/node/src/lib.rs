//! What a call from Node into native code costs at least, built as the library's own addon is.
#![allow(missing_docs)] // napi's generated items have none

use napi_derive::napi;

/// Nothing.
#[napi]
pub fn empty() {}

/// A string of an `Authorization` header's length.
#[napi]
pub fn cached() -> &'static str {
    "Bearer bench.0.ijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
}
