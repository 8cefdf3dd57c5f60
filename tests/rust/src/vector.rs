//! A vector as it stands in its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Failure;
use crate::step::{ErrorExpect, StateExpect, Step};

/// One behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// The file's name without its ending.
    pub name: String,
    /// The behaviour in one sentence.
    pub about: String,
    /// Where it is written.
    pub source: String,
    /// The flow's name.
    pub flow: String,
    /// The client's options by name.
    pub options: Map<String, Value>,
    /// Further clients: options on top of [`Self::options`].
    #[serde(default)]
    pub clients: BTreeMap<String, Map<String, Value>>,
    pub(crate) settings: Option<Value>,
    pub(crate) script: Option<Value>,
    pub(crate) faults: Option<Value>,
    pub(crate) secrets: Vec<String>,
    pub(crate) build_error: Option<ErrorExpect>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    #[serde(default)]
    pub(crate) expect: EndExpect,
}

/// What holds at the end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndExpect {
    pub(crate) calls: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) events: Option<Vec<String>>,
    pub(crate) events_any_order: Option<Vec<String>>,
    pub(crate) state: Option<StateExpect>,
    #[serde(default)]
    pub(crate) stats: BTreeMap<String, u64>,
}

/// Tells `null` from absent.
#[allow(clippy::option_option)] // that is the difference
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Vector {
    /// All vectors, by name.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn all() -> Result<Vec<Self>, Failure> {
        let folder = folder();
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension().is_some_and(|ending| ending == "json")
                    && path.file_stem().is_some_and(|stem| stem != "skip")
            })
            .collect();
        files.sort();
        files.iter().map(|path| read(path)).collect()
    }

    /// The reasons for which a language leaves a vector out, by language and vector.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn skips() -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
        let path = folder().join("skip.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

fn read(path: &Path) -> Result<Vector, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let vector: Vector = serde_json::from_str(&text).map_err(|error| named(&error))?;
    if path.file_stem().and_then(|stem| stem.to_str()) == Some(vector.name.as_str()) {
        Ok(vector)
    } else {
        Err(named(&format!("is named {} inside", vector.name)))
    }
}
