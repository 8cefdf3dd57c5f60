//! A reference to a secret, and how it is followed.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use toml::{Table, Value as Toml};
use zeroize::Zeroizing;

use super::{Env, environment, parse};
use crate::clock::{Clock as _, SystemClock};
use crate::secret::Secret;

/// Long enough for a person to unlock a key store; a program that waits for nobody is stuck by then.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);
/// Secrets are short; a device or a log named by mistake is not.
const VALUE_MAX_BYTES: usize = 64 * 1024;

/// Where to get a value from. `Debug` and `Display` omit a command's arguments, which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Reference {
    /// A variable of the environment.
    Env(String),
    /// A file; one line break at its end is not part of the value.
    File(String),
    /// A program and its arguments, run without a shell; one line break at the end of its output is not part of
    /// the value. It has 30 s, no standard input, and the caller's standard error.
    Command(Vec<String>),
}

impl Reference {
    /// Gets the value. A relative [`File`](Self::File) starts from `directory`.
    ///
    /// # Errors
    /// Why the value is not available, in words that contain nothing of it.
    pub fn resolve(&self, directory: &Path) -> Result<Secret, String> {
        self.resolve_with(directory, &environment, COMMAND_DEADLINE)
    }

    pub(super) fn resolve_with(
        &self,
        directory: &Path,
        env: Env<'_>,
        deadline: Duration,
    ) -> Result<Secret, String> {
        let outcome = match self {
            Self::Env(name) => match env(name) {
                None => Err("is not set".to_owned()),
                Some(value) => value
                    .into_string()
                    .map(Secret::new)
                    .map_err(|_| "is not UTF-8".to_owned()),
            },
            Self::File(path) => std::fs::File::open(directory.join(path))
                .and_then(read_bounded)
                .map_err(|error| format!("cannot be read: {error}"))
                .and_then(|bytes| text(&bytes)),
            Self::Command(argv) => output(argv, deadline).and_then(|bytes| text(&bytes)),
        };
        outcome.map_err(|problem| format!("{self} {problem}"))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {path}"),
            Self::Command(argv) => {
                write!(f, "the command {}", argv.first().map_or("", String::as_str))
            }
        }
    }
}

/// A text, or where to get it from.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Literal(Secret),
    Reference(Reference),
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Literal(Secret::new(text))
    }
}

impl Text {
    pub(super) fn resolve(self, directory: &Path, env: Env<'_>) -> Result<Secret, String> {
        match self {
            Self::Literal(text) => Ok(text),
            Self::Reference(reference) => reference.resolve_with(directory, env, COMMAND_DEADLINE),
        }
    }
}

/// `{ env = "…" }`, `{ file = "…" }` or `{ command = ["…"] }`.
pub(super) fn parse(table: Table) -> Result<Reference, &'static str> {
    const SHAPE: &str = "must be a string, or one of { env = \"NAME\" }, { file = \"path\" }, { command = [\"program\", \"argument\"] }";
    const COMMAND: &str = "command must be a list: the program and each argument in quotes of its own; there is no shell";
    let mut entries = table.into_iter();
    let (Some((kind, value)), None) = (entries.next(), entries.next()) else {
        return Err(SHAPE);
    };
    match (kind.as_str(), value) {
        ("env", Toml::String(name)) if is_variable(&name) => Ok(Reference::Env(name)),
        ("env", Toml::String(_)) => Err("env must be the name of a variable"),
        ("file", Toml::String(path)) if !path.is_empty() && !path.contains('\0') => {
            Ok(Reference::File(path))
        }
        ("file", Toml::String(_)) => Err("file must be a path"),
        ("command", Toml::Array(argv)) => match parse::texts(argv) {
            Some(argv)
                if argv.first().is_some_and(|program| !program.is_empty())
                    && !argv.iter().any(|word| word.contains('\0')) =>
            {
                Ok(Reference::Command(argv))
            }
            _ => Err(COMMAND),
        },
        ("command", _) => Err(COMMAND),
        _ => Err(SHAPE),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn text(bytes: &[u8]) -> Result<Secret, String> {
    if bytes.len() > VALUE_MAX_BYTES {
        return Err(format!("gives more than {VALUE_MAX_BYTES} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "gives something that is not UTF-8")?;
    // A byte order mark and the final line break are not part of the value.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

fn read_bounded(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Allocated at once: a buffer that grows would leave unwiped copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(VALUE_MAX_BYTES + 1));
    source
        .take(VALUE_MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the program writes to its standard output.
fn output(argv: &[String], deadline: Duration) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err("is empty".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let started = SystemClock.now();
    let left = || deadline.saturating_sub(started.until(SystemClock.now()));
    let outcome = read_all(&mut child, deadline)
        .and_then(|bytes| Ok((bytes?, wait(&mut child, left).ok_or_else(late)?)));
    match outcome {
        // Too much output is refused as such: the program may have failed only because the rest was not read.
        Ok((bytes, status)) if status.success() || bytes.len() > VALUE_MAX_BYTES => Ok(bytes),
        Ok((_, status)) => Err(format!(
            "failed with {status}; what it says is on standard error"
        )),
        Err(error) => {
            // It may have ended already; either way it must not remain as a zombie.
            let _ = child.kill();
            let _ = child.wait();
            Err(if error.kind() == io::ErrorKind::TimedOut {
                format!("did not end within {} s", deadline.as_secs())
            } else {
                format!("gives no output: {error}")
            })
        }
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// Reads the output on a separate thread, because a read cannot be cancelled at the deadline.
fn read_all(child: &mut Child, deadline: Duration) -> io::Result<io::Result<Zeroizing<Vec<u8>>>> {
    let stdout = child
        .stdout
        .take()
        .ok_or_else(|| io::Error::other("no pipe"))?;
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("evertoken-command".to_owned())
        .spawn(move || {
            // Fails after the deadline, when nobody receives any more.
            let _ = sender.send(read_bounded(stdout));
        })?;
    receiver.recv_timeout(deadline).map_err(|_| late())
}

/// The exit status of a program that has closed its output. Most have ended by then.
fn wait(child: &mut Child, left: impl Fn() -> Duration) -> Option<ExitStatus> {
    const PAUSE: Duration = Duration::from_millis(5);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if left().is_zero() {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
