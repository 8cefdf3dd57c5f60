//! `evertoken run`.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use evertoken::Secret;

use crate::bench::{Bench, code};

#[test]
fn the_program_has_the_token_in_its_environment_and_its_status_is_the_status() {
    let bench = Bench::new();
    let script = "printf %s \"$EVERTOKEN_TOKEN\"; exit 7";
    let ran = bench.run(&["run", "-p", "pismo", "--", "sh", "-c", script]);
    assert_eq!((ran.code, ran.err.as_str()), (7, ""));
    assert_eq!(Secret::new(ran.out).fingerprint(), bench.last_issued());
    let script = "printf %s \"$API_TOKEN${EVERTOKEN_TOKEN-}\"";
    let ran = bench.run(&[
        "run",
        "-p",
        "pismo",
        "--var",
        "API_TOKEN",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(Secret::new(ran.quiet()).fingerprint(), bench.last_issued());
}

#[test]
fn standard_input_and_arguments_are_the_programs() {
    let bench = Bench::new();
    let command = bench.command(&["run", "-p", "pismo", "--", "cat", "-", "--"]);
    assert_eq!(bench.run_with(command, b"through").quiet(), "through");
}

#[test]
fn signals_reach_the_program() {
    let bench = Bench::new();
    for (script, signal, expected) in [
        ("trap 'exit 42' TERM; echo ready; read line", "-TERM", 42),
        ("echo ready; exec cat", "-TERM", 128 + 15),
        ("echo ready; exec cat", "-INT", 128 + 2),
        ("echo ready; exec cat", "-HUP", 128 + 1),
    ] {
        let mut child = bench
            .command(&["run", "-p", "pismo", "--", "sh", "-c", script])
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        // Its standard input stays open, so only the signal can have ended it.
        let _open = child.stdin.take();
        assert_eq!(code(child.wait().unwrap()), expected, "{signal}");
    }
}

#[test]
fn a_program_that_does_not_start_and_a_token_that_does_not_come_have_their_own_status() {
    let bench = Bench::new();
    bench.write("plain.txt", "");
    for (args, expected) in [
        (
            &["-p", "pismo", "--", "evertoken-no-such-program"] as &[&str],
            127,
        ),
        (&["-p", "pismo", "--", "./plain.txt"], 126),
        (&["-p", "wrong", "--", "true"], 125),
        (&["-p", "nope", "--", "true"], 125),
        (&["-p", "pismo"], 2),
        (&["-p", "pismo", "--var", "A=B", "--", "true"], 2),
    ] {
        let err = bench.run(&[&["run"], args].concat()).failed(expected);
        assert!(err.starts_with("error: "), "{err}");
    }
}
