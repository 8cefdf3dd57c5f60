//! Turns failures of the HTTP library into errors of the table. Their own texts may contain URLs and are not used.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;

use http::{Extensions, Uri};
use hyper_util::client::legacy;
use rustls::AlertDescription;

use super::Resend;
use super::self_signed;
use super::stream::Progress;
use crate::error::{Error, ErrorKind};
use crate::origin;

type Cause = dyn StdError + 'static;

/// The host as certificates and error messages name it.
pub(super) fn bare_host(uri: &Uri) -> &str {
    origin::bare_host(uri.host())
}

/// The error of a failed connection to `host`.
pub(super) fn explain_connect(error: &Cause, host: &str) -> Error {
    if find::<io::Error>(error).any(|io| io.kind() == io::ErrorKind::TimedOut) {
        return no_connection_in_time(host);
    }
    unreachable(host, io_cause(error).unwrap_or("the connection failed"))
}

/// The error of a connection to a `host` whose name has no address.
pub(super) fn unresolved(host: &str) -> Error {
    unreachable(host, "its name could not be resolved")
}

fn unreachable(host: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("{host} could not be reached: {why}"),
    )
}

pub(super) fn no_connection_in_time(host: &str) -> Error {
    Error::new(
        ErrorKind::TimedOut,
        format!("no connection to {host} in time"),
    )
}

/// As [`no_connection_in_time`], through a proxy: which of the two was slow is not known.
pub(super) fn no_tunnel_in_time(host: &str, proxy: &str) -> Error {
    Error::new(
        ErrorKind::TimedOut,
        format!("no connection to {host} through the proxy {proxy} in time"),
    )
}

/// The error of a failed TLS handshake with `host`.
pub(super) fn explain_tls(error: &io::Error, host: &str) -> Error {
    tls_cause(error, host).unwrap_or_else(|| explain_connect(error, host))
}

/// The error of a proxy that was reached and made no connection.
pub(super) fn explain_proxy(error: &Cause, proxy: &Uri) -> Error {
    let host = bare_host(proxy);
    if io_cause(error).is_some() {
        return explain_connect(error, host);
    }
    // The library's own text about the handshake, such as "proxy authorization required", contains nothing secret.
    Error::new(
        ErrorKind::Unreachable,
        format!("the proxy {host} lets nothing through: {error}"),
    )
}

/// The error of a request without a response, or of a body that ended early.
pub(super) fn explain(error: &Cause, host: &str) -> Error {
    if let Some(ours) = find::<Error>(error).next() {
        return ours.clone();
    }
    if let Some(tls) = tls_cause(error, host) {
        return tls;
    }
    let malformed = find::<hyper::Error>(error).any(hyper::Error::is_parse)
        // How hyper reports a body whose chunks are malformed (RFC 9112 §7.1).
        || find::<io::Error>(error)
            .any(|io| matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput));
    if malformed {
        return Error::new(
            ErrorKind::BadResponse,
            format!("{host} answered something that is not HTTP"),
        );
    }
    let why = io_cause(error).unwrap_or("the answer broke off");
    Error::new(
        ErrorKind::Unreachable,
        format!("the connection to {host} broke: {why}"),
    )
}

/// The progress of the request's connection, if it was an HTTP/1.1 connection.
pub(super) fn progress(error: &legacy::Error) -> Option<Progress> {
    let mut extras = Extensions::new();
    error.connect_info()?.get_extras(&mut extras);
    extras.remove()
}

/// Whether a request that failed with `error` may be sent again.
pub(super) fn resend(error: &Cause, progress: Option<&Progress>) -> Resend {
    let unprocessed = find::<h2::Error>(error).any(|h2| {
        let graceful = h2.is_go_away() && h2.reason() == Some(h2::Reason::NO_ERROR);
        let refused = h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM);
        h2.is_remote() && (graceful || refused)
    });
    if unprocessed {
        return Resend::Always;
    }
    let stale = progress.is_some_and(Progress::is_stale);
    if stale && !find::<hyper::Error>(error).any(hyper::Error::is_user) {
        Resend::IfIdempotent
    } else {
        Resend::Never
    }
}

/// All causes that are a `T`. `io::Error::source` skips the error that it wraps, so the wrapped errors are searched too.
fn find<'a, T: StdError + 'static>(error: &'a Cause) -> impl Iterator<Item = &'a T> {
    let chain = successors(Some(error), |error: &&'a Cause| (*error).source());
    chain
        .flat_map(|error| {
            successors(Some(error), |error: &&'a Cause| {
                let inner = (*error).downcast_ref::<io::Error>()?.get_ref()?;
                Some(inner as &Cause)
            })
        })
        .filter_map(|cause| cause.downcast_ref::<T>())
}

fn tls_cause(error: &Cause, host: &str) -> Option<Error> {
    let tls = find::<rustls::Error>(error).next()?;
    let why = match tls {
        _ if self_signed::is_marked(tls) => {
            "its certificate is self-signed; name that very certificate in ca_file".to_owned()
        }
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS there; check the port, and whether the URL should begin with http".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it wants a client certificate; give client_cert".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it speaks neither TLS 1.2 nor TLS 1.3".to_owned()
        }
        _ => tls.to_string(),
    };
    let text = format!("TLS with {host} failed: {why}");
    Some(Error::new(ErrorKind::Tls, text))
}

fn io_cause(error: &Cause) -> Option<&'static str> {
    use io::ErrorKind as Io;
    find::<io::Error>(error).find_map(|io| match io.kind() {
        #[cfg(unix)]
        _ if matches!(io.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
            Some("the operating system allows no more file descriptors")
        }
        Io::ConnectionRefused => Some("the connection was refused"),
        Io::ConnectionReset => Some("the connection was reset"),
        Io::HostUnreachable | Io::NetworkUnreachable => Some("there is no route to it"),
        Io::UnexpectedEof | Io::BrokenPipe => Some("the connection was closed early"),
        _ => None,
    })
}
