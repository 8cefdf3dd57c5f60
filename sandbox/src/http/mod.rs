//! HTTP/1.1 by hand. A library would not let us send half a status line.

mod connection;
mod request;
mod response;

pub(crate) use connection::{Connection, ReadError, Stream};
pub(crate) use request::{Listener, Request, field, pairs};
pub(crate) use response::{Response, push_header};
