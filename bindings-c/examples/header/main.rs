//! Writes `include/evertoken.h` from the sources of this crate, or says that it differs:
//!
//! ```sh
//! cargo run -p evertoken-c --example header              # writes it
//! cargo run -p evertoken-c --example header -- --check   # fails if it differs
//! ```
//!
//! `exports.txt` is what programs are linked against. What is new is added to it; what is gone or changed stays there and fails
//! the check until a person takes it out, who then also raises the major version.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use cbindgen::{
    Builder, Config, DocumentationStyle, EnumConfig, FunctionConfig, Language, Layout, SortKey,
    Style,
};

/// In the order they are to be read.
const SOURCES: &[&str] = &[
    "status.rs",
    "error.rs",
    "config.rs",
    "config_options.rs",
    "client.rs",
    "state.rs",
    "token.rs",
    "authorization.rs",
    "verdict.rs",
    "request.rs",
    "response.rs",
    "send.rs",
    "event.rs",
    "log.rs",
    "subscription.rs",
    "call.rs",
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut builder = Builder::new().with_config(config());
    for source in SOURCES {
        builder = builder.with_src(crate_dir.join("src").join(source));
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    let header = String::from_utf8(header)?;
    let place = crate_dir.join("../include/evertoken.h");
    let list = crate_dir.join("exports.txt");
    let exported = exported(&header);
    let listed: BTreeSet<String> = std::fs::read_to_string(&list)?
        .lines()
        .map(str::to_owned)
        .collect();
    if std::env::args().any(|argument| argument == "--check") {
        let mut agrees = true;
        for what in undocumented(&header) {
            eprintln!("include/evertoken.h: {what}");
            agrees = false;
        }
        if std::fs::read_to_string(&place)? != header {
            eprintln!(
                "include/evertoken.h is not what the sources say; write it with: make header"
            );
            agrees = false;
        }
        for gone in listed.difference(&exported) {
            eprintln!(
                "bindings-c/exports.txt: programs use this, and it is gone or changed: {gone}"
            );
            agrees = false;
        }
        for new in exported.difference(&listed) {
            eprintln!("bindings-c/exports.txt: this is new; add it with: make header: {new}");
            agrees = false;
        }
        return Ok(if agrees {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    std::fs::write(place, header)?;
    let mut lines: Vec<_> = listed.union(&exported).cloned().collect();
    lines.push(String::new());
    std::fs::write(list, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// Handles whose comment leaves out whose they are, which threads may use them, or what they are for.
fn undocumented(header: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut comment = String::new();
    for line in header.lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
            comment.push(' ');
            continue;
        }
        if let Some(handle) = line.strip_prefix("typedef struct evertoken_") {
            for word in ["Owner:", "Threads:", "Methods:"] {
                if !comment.contains(word) {
                    missing.push(format!("evertoken_{handle} says nothing of its {word}"));
                }
            }
        }
        comment.clear();
    }
    missing
}

/// Every function with its signature and every constant with its number, one a line.
fn exported(header: &str) -> BTreeSet<String> {
    let code: Vec<&str> = header
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('/') && !line.starts_with('*') && !line.starts_with('#'))
        .collect();
    let constants = code
        .iter()
        .filter(|line| line.starts_with("EVERTOKEN_") && line.contains(" = "))
        .map(|line| line.trim_end_matches(',').to_owned());
    let text = code.join(" ");
    let functions = text
        .split_once("extern \"C\" {")
        .map_or("", |(_, functions)| functions)
        .split(';')
        .filter(|declaration| declaration.contains('('))
        .map(|declaration| declaration.split_whitespace().collect::<Vec<_>>().join(" "));
    let functions: Vec<String> = functions.collect();
    constants.chain(functions).collect()
}

fn config() -> Config {
    const MACROS: &str = include_str!("macros.h");
    let macros = MACROS
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR"))
        .replace("@MINOR@", env!("CARGO_PKG_VERSION_MINOR"))
        .replace("@PATCH@", env!("CARGO_PKG_VERSION_PATCH"));
    Config {
        header: Some(include_str!("preamble.h").trim_end().to_owned()),
        include_guard: Some("EVERTOKEN_H".to_owned()),
        no_includes: true,
        after_includes: Some(macros.trim_end().to_owned()),
        language: Language::C,
        cpp_compat: true,
        style: Style::Type,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::Cxx,
        sort_by: SortKey::None,
        line_length: 110,
        enumeration: EnumConfig::default(),
        function: FunctionConfig {
            args: Layout::Auto,
            sort_by: Some(SortKey::None),
            ..FunctionConfig::default()
        },
        ..Config::default()
    }
}
