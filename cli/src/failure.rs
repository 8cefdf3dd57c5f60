//! Failures of subcommands, and how they are reported.

use std::fmt;
use std::io::Write as _;

use evertoken::{Error, ErrorKind};

use crate::{FAILURE, USAGE, human};

/// The status that shells report for a program that Ctrl-C ended: 128 plus the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Why a subcommand failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Arguments or configuration are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
            hint: None,
        }
    }

    /// The subcommand did not succeed.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self {
            code: FAILURE,
            message: message.to_string(),
            hint: None,
        }
    }

    /// Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self {
            code: INTERRUPTED,
            ..Self::new("interrupted")
        }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Prints it on standard error.
    pub(crate) fn tell(&self) {
        tell("error", &self.message);
        if let Some(hint) = &self.hint {
            tell("hint", hint);
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        // The hints of the error table are for programs, which can call reset().
        let hint = match kind {
            ErrorKind::CredentialsRejected => {
                "check the key, secret, user name, password and scope; the provider may count every further try"
            }
            ErrorKind::LockedOut => "have the account unlocked at the provider",
            _ => kind.hint(),
        };
        let text = error.to_string();
        let shown_hint = format!(" (hint: {})", kind.hint());
        Self {
            code: if kind == ErrorKind::ConfigInvalid {
                USAGE
            } else {
                FAILURE
            },
            message: text.strip_suffix(&shown_hint).unwrap_or(&text).to_owned(),
            hint: Some(hint.to_owned()),
        }
    }
}

/// Prints one line on standard error. Control characters, which a server's message may contain, are escaped.
pub(crate) fn tell(kind: &str, message: &str) {
    // Fails only if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{kind}: {}", human::printable(message));
}
