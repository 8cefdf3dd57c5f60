//! Every program of this folder, run against a sandbox.

use std::process::Command;

use evertoken_sandbox::{Sandbox, Settings};

/// What `program` printed, after exactly one login.
fn printed(program: &str) -> String {
    let sandbox = Sandbox::start(Settings::default()).expect("free ports and threads");
    let credentials = &sandbox.info()["credentials"]["pismo"];
    let credential = |name: &str| credentials[name].as_str().expect("a credential").to_owned();
    let output = Command::new(program)
        .env("PISMO_BASE_URL", sandbox.url())
        .env("PISMO_SERVER_KEY", credential("server_key"))
        .env("PISMO_SERVER_SECRET", credential("server_secret"))
        .output()
        .expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(sandbox.counts().expect("counts")["pismo"]["login"], 1);
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn asynchronous() {
    let text = printed(env!("CARGO_BIN_EXE_asynchronous"));
    assert_eq!(text, "100 of 100, logins: 1\n");
}

#[test]
fn blocking() {
    let text = printed(env!("CARGO_BIN_EXE_blocking"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        ["event: flight_started", "event: token_installed"]
    );
    assert!(lines[2].starts_with("200 OK ") && lines[3].starts_with("200 OK Some("));
    assert!(lines[4].starts_with("refused: the token does not go to "));
}

#[test]
fn own_http() {
    let text = printed(env!("CARGO_BIN_EXE_own_http"));
    assert!(text.starts_with("200 OK "), "{text}");
}
