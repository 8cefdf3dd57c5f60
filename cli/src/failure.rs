//! Why a subcommand ended early, and how it is told.

use std::fmt;
use std::io::Write as _;

use evertoken::{Error, ErrorKind};

use crate::{FAILURE, USAGE, human};

/// What a shell reports for a program that Ctrl-C ended: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Why a subcommand ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// It was asked wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
            hint: None,
        }
    }

    /// It was asked rightly and did not succeed.
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

    /// Says it on standard error.
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
        // The table speaks to programs, which can call reset().
        let hint = match kind {
            ErrorKind::CredentialsRejected => {
                "check the key, secret, user name, password and scope; the provider may count every further try"
            }
            ErrorKind::LockedOut => "have the account unlocked at the provider",
            _ => kind.hint(),
        };
        let text = error.to_string();
        let told = format!(" (hint: {})", kind.hint());
        Self {
            code: if kind == ErrorKind::ConfigInvalid {
                USAGE
            } else {
                FAILURE
            },
            message: text.strip_suffix(&told).unwrap_or(&text).to_owned(),
            hint: Some(hint.to_owned()),
        }
    }
}

/// One line for a person. What servers say may hold control characters; a terminal must not obey them.
pub(crate) fn tell(kind: &str, message: &str) {
    // Nothing can be said when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{kind}: {}", human::printable(message));
}
