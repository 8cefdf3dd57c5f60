//! The `evertoken` command.

fn main() {
    std::process::exit(evertoken_cli::run(std::env::args_os()));
}
