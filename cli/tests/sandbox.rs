//! `evertoken sandbox` as a program.
// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn start(args: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evertoken"))
        .arg("sandbox")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, out, serde_json::from_str(&line).unwrap())
}

fn output(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evertoken"))
        .args(args)
        .output()
        .unwrap()
}

fn get(start_line: &Value, path: &str) -> String {
    let address = start_line["url"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn it_prints_one_line_and_ends_with_its_standard_input() {
    let (mut child, mut out, line) = start(&["--until-stdin-closes", "--life", "7"]);
    for key in [
        "url",
        "foreign_url",
        "control_url",
        "providers",
        "credentials",
    ] {
        assert!(!line[key].is_null(), "{key}");
    }
    assert!(line["https_url"].is_null());
    assert!(get(&line, "/_sandbox/settings").contains("\"life_secs\":7"));
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn a_script_is_loaded_before_the_line_is_printed() {
    let (mut child, _out, line) = start(&[
        "--until-stdin-closes",
        "--script",
        r#"{"/x": [{"text": "scripted"}]}"#,
    ]);
    assert!(get(&line, "/x").ends_with("scripted"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn signals_end_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let (mut child, _out, line) = start(&["--https"]);
        assert!(
            line["ca_pem"]
                .as_str()
                .unwrap()
                .starts_with("-----BEGIN CERTIFICATE-----")
        );
        assert!(
            Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn mistakes_are_usage_errors_on_standard_error() {
    for args in [
        &["sandbox", "--nonsense"][..],
        &["sandbox", "--set", "wso2.tokn=jwt"],
        &["sandbox", "--settings", "[]"],
        &[],
    ] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_taken_port_is_a_failure_with_a_reason() {
    let (mut child, _out, line) = start(&["--until-stdin-closes"]);
    let port = line["url"].as_str().unwrap().rsplit(':').next().unwrap();
    let second = output(&["sandbox", "--port", port]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).starts_with("error: cannot start the sandbox"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn help_and_version_are_data() {
    let help = output(&["sandbox", "--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.status.success()
            && text.contains("--until-stdin-closes")
            && text.contains("_sandbox/clock")
    );
    assert!(
        String::from_utf8(output(&["--version"]).stdout)
            .unwrap()
            .starts_with("evertoken ")
    );
}
