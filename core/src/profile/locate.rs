//! Finds and reads the file.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Env;
use crate::error::{Error, Result};

const FILE: &str = "evertoken.toml";
const VARIABLE: &str = "EVERTOKEN_CONFIG";

/// The file that was found, and its text.
pub(super) struct Found {
    /// Its path, for messages.
    pub(super) shown: String,
    /// The directory that relative paths in the file start from.
    pub(super) directory: PathBuf,
    pub(super) text: Zeroizing<String>,
    pub(super) is_world_readable: bool,
}

/// Reads the first file of the search order. A file that was named must exist.
///
/// # Errors
/// `config_invalid`: there is none, or it cannot be read.
pub(super) fn find(path: Option<&Path>, env: Env<'_>) -> Result<Found> {
    if let Some(path) = path {
        return open(path);
    }
    if let Some(path) = env(VARIABLE).filter(|path| !path.is_empty()) {
        return open(Path::new(&path)).map_err(|error| error.within(VARIABLE));
    }
    let candidates: Vec<PathBuf> = [Some(PathBuf::from(FILE)), in_home(env)]
        .into_iter()
        .flatten()
        .collect();
    if let Some(path) = candidates.iter().find(|path| path.exists()) {
        return open(path);
    }
    let tried: Vec<_> = candidates
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(Error::config(
        "profiles",
        format_args!(
            "there is no {FILE}; name one, set {VARIABLE}, or write {}",
            tried.join(" or ")
        ),
    ))
}

/// XDG Base Directory Specification: a relative or empty value counts as unset.
fn in_home(env: Env<'_>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        env(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".config")))
        .or_else(|| absolute("APPDATA"))?;
    Some(config.join("evertoken").join(FILE))
}

fn open(path: &Path) -> Result<Found> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::config(&shown, format_args!("cannot be read: {error}")))?;
    Ok(Found {
        directory: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        text: Zeroizing::new(text),
        is_world_readable: is_world_readable(path),
        shown,
    })
}

#[cfg(unix)]
fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o004;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & OTHERS_READ != 0)
}

#[cfg(not(unix))]
fn is_world_readable(_path: &Path) -> bool {
    false
}

/// `path` as seen from `directory`.
pub(super) fn beside(directory: &Path, path: &str) -> String {
    directory.join(path).to_string_lossy().into_owned()
}
