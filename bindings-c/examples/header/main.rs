//! Writes `include/evertoken.h` from the sources of this crate, or says that it differs:
//!
//! ```sh
//! cargo run -p evertoken-c --example header              # writes it
//! cargo run -p evertoken-c --example header -- --check   # fails if it differs
//! ```

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
    "call.rs",
    "response.rs",
    "send.rs",
    "event.rs",
    "request.rs",
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut builder = Builder::new().with_config(config());
    for source in SOURCES {
        builder = builder.with_src(crate_dir.join("src").join(source));
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    let place = crate_dir.join("../include/evertoken.h");
    if std::env::args().any(|argument| argument == "--check") {
        if std::fs::read(&place)? == header {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!(
            "include/evertoken.h is not what the sources say; write it with: cargo run -p evertoken-c --example header"
        );
        return Ok(ExitCode::FAILURE);
    }
    std::fs::create_dir_all(crate_dir.join("../include"))?;
    std::fs::write(place, header)?;
    Ok(ExitCode::SUCCESS)
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
