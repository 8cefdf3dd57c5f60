//! `evertoken token`, and the options that all subcommands share.

use evertoken::Secret;
use serde_json::json;

use crate::bench::{Bench, set_mode};

#[test]
fn the_token_and_nothing_else_is_on_standard_output() {
    let bench = Bench::new();
    let out = bench.run(&["token", "--profile", "pismo"]).quiet();
    let token = out.strip_suffix('\n').unwrap();
    assert_eq!(Secret::new(token).fingerprint(), bench.last_issued());
    assert_eq!(bench.count("requests"), 1);
    let out = bench.run(&["token", "-p", "pismo", "--header"]).quiet();
    let token = out.strip_prefix("Authorization: Bearer ").unwrap();
    assert_eq!(
        Secret::new(token.trim_end()).fingerprint(),
        bench.last_issued()
    );
}

#[test]
fn json_tells_what_is_known_about_it() {
    let bench = Bench::new();
    let ran = bench.run(&["token", "-p", "wso2", "--json", "--set", "scope=default"]);
    let told = ran.json();
    ran.quiet();
    let token = told["token"].as_str().unwrap();
    assert_eq!(told["fingerprint"], bench.last_issued());
    assert_eq!(told["authorization"], format!("Bearer {token}"));
    assert_eq!(told["scope"], "default");
    assert!(told["expires_in_secs"].as_u64().unwrap() <= 3600);
    assert!(told["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_refused_login_tells_why_and_what_to_do() {
    let bench = Bench::new();
    let err = bench.run(&["token", "-p", "wrong"]).failed(1);
    assert!(err.starts_with("error: "), "{err}");
    assert!(err.contains("\nhint: check the key, secret"), "{err}");
    assert_eq!(bench.count("login"), 1);
}

#[test]
fn it_waits_no_longer_than_it_was_told() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "login", "fault": "hang"}))
        .unwrap();
    let err = bench
        .run(&["token", "-p", "pismo", "--timeout", "0.2"])
        .failed(1);
    assert!(err.contains("error: ") && err.contains("0.2"), "{err}");
}

#[test]
fn mistakes_of_configuration_are_named_and_nothing_is_sent() {
    let bench = Bench::new();
    bench.add("[profiles.absent]\nflow = \"passkit\"\nusername = \"u\"\npassword = { env = \"EVERTOKEN_TEST_ABSENT\" }");
    bench.add("[profiles.typo]\nflow = \"passkit\"\nusernam = \"u\"");
    bench.add("[profiles.poor]\nflow = \"passkit\"\nusername = \"u\"");
    for (args, message) in [
        (
            &["-p", "nope"] as &[&str],
            "there is no profile \"nope\"; there are: absent, pismo, plain, poor, typo, wrong, wso2",
        ),
        (
            &["-p", "absent"],
            "evertoken.toml: profile \"absent\": password: the environment variable EVERTOKEN_TEST_ABSENT is not set",
        ),
        (
            &["-p", "typo"],
            "evertoken.toml: profile \"typo\": usernam: is not an option here; did you mean username?",
        ),
        (
            &["-p", "poor"],
            "evertoken.toml: profile \"poor\": password: is required",
        ),
        (
            &["-p", "pismo", "--config", "nope.toml"],
            "nope.toml: cannot be read",
        ),
        (
            &["-p", "pismo", "--set", "timeout=soon"],
            "--set timeout: must be a number",
        ),
        (
            &["-p", "pismo", "--set", "timeout=0"],
            "timeout: must be more than 0 seconds",
        ),
        (
            &["-p", "pismo", "--timeout", "soon"],
            "must be a number of seconds",
        ),
        (&["-p", "pismo", "--flow", "pismo"], "cannot be used with"),
        (
            &["--flow", "nope"],
            "--flow must be one of pismo, passkit, wso2",
        ),
        (&[], "name a profile with --profile"),
    ] {
        let err = bench.run(&[&["token"], args].concat()).failed(2);
        assert!(err.contains(message), "{err}\nexpected {message}");
    }
    let err = bench.run(&["token"]).failed(2);
    assert!(err.contains("hint: known profiles: absent, pismo"), "{err}");
    assert_eq!(bench.count("requests"), 0);
}

#[test]
fn the_file_is_found_where_it_is_said_to_be() {
    let bench = Bench::new();
    let profile = |bench: &Bench| std::fs::read_to_string(bench.path("evertoken.toml")).unwrap();
    bench.write("elsewhere/profiles.toml", &profile(&bench));
    bench.write(
        "elsewhere/pismo.secret",
        &bench.sandbox.credentials().pismo.server_secret,
    );
    bench.write(".config/evertoken/evertoken.toml", &profile(&bench));
    bench.write(
        ".config/evertoken/pismo.secret",
        &bench.sandbox.credentials().pismo.server_secret,
    );
    std::fs::remove_file(bench.path("evertoken.toml")).unwrap();
    std::fs::remove_file(bench.path("pismo.secret")).unwrap();
    bench.run(&["token", "-p", "pismo"]).quiet();
    std::fs::remove_file(bench.path(".config/evertoken/evertoken.toml")).unwrap();
    bench
        .run(&[
            "token",
            "-p",
            "pismo",
            "--config",
            "elsewhere/profiles.toml",
        ])
        .quiet();
    let mut command = bench.command(&["token", "-p", "pismo"]);
    command.env("EVERTOKEN_CONFIG", bench.path("elsewhere/profiles.toml"));
    bench.run_with(command, b"").quiet();
    let err = bench.run(&["token", "-p", "pismo"]).failed(2);
    assert!(err.contains("there is no evertoken.toml"), "{err}");
}

#[test]
fn without_a_profile_options_come_from_the_command_line_and_secrets_do_not() {
    let bench = Bench::new();
    let url = format!("base_url={}", bench.sandbox.url());
    let key = format!(
        "server_key={}",
        bench.sandbox.credentials().pismo.server_key
    );
    let common = [
        "token", "--flow", "pismo", "--set", &url, "--set", &key, "--set",
    ];
    for reference in [
        "server_secret=env:PISMO_SECRET",
        "server_secret=file:pismo.secret",
    ] {
        bench
            .run(&[&common, &[reference] as &[&str]].concat())
            .quiet();
    }
    let literal = format!(
        "server_secret={}",
        bench.sandbox.credentials().pismo.server_secret
    );
    let err = bench
        .run(&[&common, &[literal.as_str()] as &[&str]].concat())
        .failed(2);
    assert!(
        err.contains("hint: use server_secret=env:VARIABLE"),
        "{err}"
    );
    assert_eq!(bench.count("login"), 2);
}

#[test]
fn a_secret_in_clear_works_and_draws_warnings() {
    let bench = Bench::new();
    let (url, passkit) = (bench.sandbox.url(), bench.sandbox.credentials().passkit);
    bench.add(&format!(
        "[profiles.clear]\nflow = \"passkit\"\nbase_url = \"{url}\"\nusername = {}\npassword = {}",
        json!(passkit.username),
        json!(passkit.password)
    ));
    let ran = bench.run(&["token", "-p", "clear"]);
    assert_eq!((ran.code, ran.out.is_empty()), (0, false));
    assert_eq!(
        ran.err,
        "warning: evertoken.toml: profile \"clear\": password is a secret in clear; refer to it with env, file or command\n"
    );
    if cfg!(unix) {
        set_mode(&bench.path("evertoken.toml"), 0o644);
        let err = bench.run(&["token", "-p", "clear"]).err;
        assert!(
            err.contains("every user of this machine can read it"),
            "{err}"
        );
    }
}

#[test]
fn a_broken_file_is_told_with_its_line_and_not_quoted() {
    let bench = Bench::new();
    let secret = bench.sandbox.credentials().passkit.password;
    bench.write(
        "evertoken.toml",
        &format!("[profiles.p]\npassword = {secret}\n"),
    );
    let err = bench.run(&["token", "-p", "p"]).failed(2);
    assert!(
        err.starts_with("error: evertoken.toml: line 2: not valid TOML"),
        "{err}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_waiting() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "login", "fault": "gate"}))
        .unwrap();
    let child = bench.command(&["token", "-p", "pismo"]).spawn().unwrap();
    bench.sandbox.wait_held(1).unwrap();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(output.stderr, b"error: interrupted\n");
}

#[test]
fn a_reader_that_has_gone_is_a_failure_and_no_panic() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "login", "fault": "gate"}))
        .unwrap();
    let mut child = bench.command(&["token", "-p", "pismo"]).spawn().unwrap();
    bench.sandbox.wait_held(1).unwrap();
    drop(child.stdout.take());
    bench.sandbox.release().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.starts_with(b"error: standard output: "));
}
