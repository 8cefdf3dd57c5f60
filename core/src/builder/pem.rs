//! PEM files: certificates, and a private key that is wiped when it is no longer needed.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::http::Pem;
use crate::options;

/// A system's root certificates have a few hundred kilobytes; a device file has no end.
const PEM_MAX_BYTES: u64 = 16 << 20;

/// The content of a PEM file that `option` names.
pub(super) fn read(option: &str, path: &Path) -> Result<Vec<u8>> {
    options::check_line(option, &path.to_string_lossy())?;
    let refused = |why: &dyn fmt::Display| {
        let path = path.display();
        Error::config(option, format_args!("{path} cannot be read: {why}"))
    };
    let file = File::open(path).map_err(|error| refused(&error))?;
    // As large as the file: a buffer that grows would leave copies of a key behind that are not wiped.
    let size = file.metadata().map_or(0, |about| about.len());
    let room = usize::try_from(size.min(PEM_MAX_BYTES)).map_or(0, |size| size + 1);
    let mut pem = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(PEM_MAX_BYTES + 1).read_to_end(&mut pem);
    let length = read.map_err(|error| refused(&error))?;
    if length as u64 > PEM_MAX_BYTES {
        return Err(refused(&"it is larger than 16 MiB"));
    }
    Ok(std::mem::take(&mut pem))
}

/// Certificate chain and key, from one file or two.
pub(super) fn identity(files: Option<&(PathBuf, Option<PathBuf>)>) -> Result<Option<Pem>> {
    let Some((certificate, key)) = files else {
        return Ok(None);
    };
    let mut pem = Zeroizing::new(read("client_cert", certificate)?);
    if let Some(key) = key {
        let key = Zeroizing::new(read("client_cert", key)?);
        pem.push(b'\n');
        pem.extend_from_slice(&key);
    }
    Ok(Some(Pem(pem)))
}
