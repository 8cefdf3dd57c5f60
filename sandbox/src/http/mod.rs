//! A small HTTP/1.1 server of our own, because a library cannot send half a status line.

mod connection;
mod request;
mod response;

pub(crate) use connection::{Connection, ReadError, Stream};
pub(crate) use request::{Listener, Request, field, pairs};
pub(crate) use response::{Response, push_header};
