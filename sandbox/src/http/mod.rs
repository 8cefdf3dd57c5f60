//! HTTP/1.1 by hand. A library would not let us send half a status line.

mod answer;
mod connection;
mod request;

pub(crate) use answer::{Answer, push_header};
pub(crate) use connection::{Connection, ReadError, Stream};
pub(crate) use request::{Listener, Request, field, pairs};
