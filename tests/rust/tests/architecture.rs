//! The modules of the workspace, and the dependencies between them that ARCHITECTURE.md draws.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each crate may name, outside tests. `sandbox` and `core` name none.
const ARROWS: &[(&str, &[&str])] = &[
    ("evertoken", &[]),
    ("evertoken-sandbox", &[]),
    ("evertoken-c", &["evertoken"]),
    ("evertoken-c-rlib", &["evertoken"]),
    (
        "evertoken-python",
        &["evertoken", "evertoken-sandbox", "evertoken-cli"],
    ),
    (
        "evertoken-node",
        &["evertoken", "evertoken-sandbox", "evertoken-cli"],
    ),
    ("evertoken-cli", &["evertoken", "evertoken-sandbox"]),
];
/// Rooms that may name everything and that nothing may name.
const LEAVES: &[&str] = &[
    "evertoken-tests",
    "evertoken-bench",
    "evertoken-fuzz",
    "evertoken-examples",
];
/// Files of the core that decide and neither wait, send nor read a clock.
const PURE: &[&str] = &[
    "flow",
    "jwt",
    "expiry",
    "verdict",
    "retry",
    "scrub",
    "challenge",
    "document",
    "redirect",
    "origin",
    "target",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Every Rust file below `folder`, with its path relative to it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(folder)
                    .expect("below")
                    .to_string_lossy()
                    .into_owned();
                found.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    found
}

/// The code of a file without its tests and comments, line by line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let own = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    own.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
}

/// Files of the core's own code: no test modules.
fn core() -> BTreeMap<String, String> {
    let mut files = files(&root().join("core/src"));
    files.retain(|name, _| {
        !name.ends_with("tests.rs") && !name.contains("/tests/") && !name.starts_with("tests/")
    });
    files
}

/// The files whose code holds one of `words`.
fn naming(words: &[&str]) -> BTreeSet<String> {
    core()
        .into_iter()
        .filter(|(_, text)| code(text).any(|line| words.iter().any(|word| line.contains(word))))
        .map(|(name, _)| name)
        .collect()
}

/// Whether a file belongs to this module: is `module.rs` or below `module/`.
fn is_in(file: &str, module: &str) -> bool {
    file.strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[test]
fn crates_depend_only_on_those_that_they_may() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        if LEAVES.contains(&name) {
            continue;
        }
        let allowed = ARROWS
            .iter()
            .find(|(from, _)| *from == name)
            .unwrap_or_else(|| panic!("{name} has no row in ARROWS"))
            .1;
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("a name");
            if dependency["kind"] == "dev" || !ours.contains(target) {
                assert!(!LEAVES.contains(&target), "{name} names {target}");
                continue;
            }
            assert!(allowed.contains(&target), "{name} must not name {target}");
        }
    }
}

#[test]
fn the_tests_of_the_sandbox_do_not_use_core_either() {
    let metadata = metadata();
    let sandbox = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| package["name"] == "evertoken-sandbox");
    let dependencies = sandbox.expect("the sandbox")["dependencies"]
        .as_array()
        .expect("dependencies");
    assert!(
        dependencies
            .iter()
            .all(|dependency| dependency["name"] != "evertoken")
    );
}

#[test]
fn only_one_file_reads_clocks() {
    let found = naming(&[
        "Instant::now",
        "SystemTime::now",
        "clock_gettime",
        "elapsed()",
        "tokio::time::Instant",
        "nix::time",
    ]);
    assert_eq!(found, BTreeSet::from(["clock.rs".to_owned()]));
}

#[test]
fn only_one_module_names_the_http_library() {
    let found = naming(&["hyper::", "hyper_util", "rustls", "h2::Error"]);
    let strangers: Vec<_> = found.iter().filter(|file| !is_in(file, "http")).collect();
    assert!(!found.is_empty() && strangers.is_empty(), "{strangers:?}");
}

#[test]
fn only_two_files_call_the_system_unsafely() {
    let unsafe_code = [
        "unsafe {",
        "unsafe fn",
        "unsafe impl",
        "unsafe extern",
        "allow(unsafe_code)",
    ];
    let strangers: Vec<_> = naming(&unsafe_code)
        .into_iter()
        .filter(|file| !["clock.rs", "fork.rs"].contains(&file.as_str()))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn pure_modules_use_no_runtime_no_clock_and_no_network() {
    let impure = [
        "tokio",
        "hyper",
        "crate::clock",
        "crate::http",
        "crate::keeper",
        "crate::client",
        "crate::runtime",
        "crate::store",
        "std::env",
        "std::fs",
        "std::net",
        "async fn",
    ];
    for (name, text) in core() {
        if !PURE.iter().any(|module| is_in(&name, module)) {
            continue;
        }
        for line in code(&text) {
            let found = impure.iter().find(|word| line.contains(*word));
            assert!(found.is_none(), "{name}: {line}");
        }
    }
    for module in PURE {
        assert!(
            core().keys().any(|file| is_in(file, module)),
            "there is no module {module}"
        );
    }
}

#[test]
fn only_profiles_read_the_environment() {
    assert_eq!(
        naming(&["env::var", "env::vars"]),
        BTreeSet::from(["profile.rs".to_owned()])
    );
}

#[test]
fn one_version_in_every_crate() {
    let metadata = metadata();
    let version = env!("CARGO_PKG_VERSION");
    for package in metadata["packages"].as_array().expect("packages") {
        assert_eq!(package["version"], version, "{}", package["name"]);
    }
}
