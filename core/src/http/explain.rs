//! Failures of the HTTP library as rows of the error table.

use std::error::Error as StdError;

use url::Url;

use crate::error::{Error, ErrorKind};

/// The row of the error table for a failure of the HTTP library. Its text may hold URLs and is not passed on.
pub(super) fn explain(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        return if error.url().is_some() {
            Error::new(
                ErrorKind::ConfigInvalid,
                "the request could not be built: a header or the URL is not valid",
            )
        } else {
            Error::new(ErrorKind::Internal, "the HTTP client could not be set up")
        };
    }
    let host = error
        .url()
        .and_then(Url::host_str)
        .unwrap_or("the server")
        .to_owned();
    if let Some(tls) = tls_cause(error) {
        return Error::new(ErrorKind::Tls, format!("TLS with {host} failed: {tls}"));
    }
    if error.is_timeout() {
        let phase = if error.is_connect() {
            "no connection to"
        } else {
            "no answer from"
        };
        return Error::new(ErrorKind::TimedOut, format!("{phase} {host} in time"));
    }
    if error.is_connect() {
        let why = if error.is_dns() {
            "its name could not be resolved"
        } else {
            io_cause(error).unwrap_or("the connection failed")
        };
        return Error::new(
            ErrorKind::Unreachable,
            format!("{host} could not be reached: {why}"),
        );
    }
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    // Without a failure of the connection beneath, the body itself could not be decoded.
    if error.is_decode() && hyper.is_none() {
        return Error::new(
            ErrorKind::BadResponse,
            "the answer is not compressed as its Content-Encoding says",
        );
    }
    match hyper {
        Some(hyper) if hyper.is_parse() || is_malformed(error) => Error::new(
            ErrorKind::BadResponse,
            format!("{host} answered something that is not HTTP"),
        ),
        _ => {
            let why = io_cause(error).unwrap_or("the answer broke off");
            Error::new(
                ErrorKind::Unreachable,
                format!("the connection to {host} broke: {why}"),
            )
        }
    }
}

/// How hyper reports a body whose chunks are not RFC 9112 §7.1.
fn is_malformed(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| matches!(io.kind(), InvalidData | InvalidInput))
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// `io::Error::source` skips the error it wraps, and they are wrapped in one another: TLS errors are looked for inside.
fn tls_cause(error: &reqwest::Error) -> Option<String> {
    causes(error)
        .flat_map(insides)
        .find_map(|cause| cause.downcast_ref::<rustls::Error>())
        .map(ToString::to_string)
}

fn insides<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        Some(inner as &(dyn StdError + 'static))
    })
}

fn io_cause(error: &reqwest::Error) -> Option<&'static str> {
    use std::io::ErrorKind as Io;
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .find_map(|io| match io.kind() {
            Io::ConnectionRefused => Some("the connection was refused"),
            Io::ConnectionReset => Some("the connection was reset"),
            Io::HostUnreachable | Io::NetworkUnreachable => Some("there is no route to it"),
            Io::UnexpectedEof => Some("the connection was closed early"),
            _ => None,
        })
}
