//! `evertoken doctor`: each planted fault is found by the check it belongs to.

use std::net::TcpListener;

use evertoken_sandbox::Settings;
use serde_json::{Value, json};

use crate::bench::Bench;

/// The checks as `name standing`, and the whole report.
fn examine(bench: &Bench, args: &[&str], code: i32) -> (Vec<String>, Value) {
    let ran = bench
        .run(&[&["doctor", "--json"], args].concat())
        .without_token();
    assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{}", ran.out);
    let told = ran.json();
    assert_eq!(told["ok"], code == 0);
    let checks = told["checks"].as_array().unwrap();
    let names = checks.iter().map(|check| {
        format!(
            "{} {}",
            check["check"].as_str().unwrap(),
            check["standing"].as_str().unwrap()
        )
    });
    for check in checks {
        let needs_hint = check["standing"] == "fail";
        assert!(!needs_hint || check["hint"].is_string(), "{check}");
    }
    (names.collect(), told)
}

fn detail(told: &Value, name: &str, standing: &str) -> String {
    let found = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == name && check["standing"] == standing);
    found.unwrap()["detail"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_is_found_where_all_is_well() {
    let bench = Bench::new();
    let (names, told) = examine(&bench, &["-p", "pismo", "--path", "/pismo/api/x"], 0);
    assert_eq!(
        names,
        [
            "profile ok",
            "tcp ok",
            "http ok",
            "clock ok",
            "login ok",
            "api ok"
        ]
    );
    assert!(detail(&told, "login", "ok").contains(&bench.last_issued()));
    assert_eq!((bench.count("login"), bench.count("api")), (1, 1));
}

#[test]
fn for_people_it_is_one_line_for_each_check() {
    let bench = Bench::new();
    let ran = bench.run(&["doctor", "-p", "wrong"]).without_token();
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    for line in [
        "ok    profile ",
        "fail  login ",
        "               hint: check the key",
        "skip  api ",
    ] {
        assert!(
            ran.out.lines().any(|other| other.starts_with(line)),
            "{}\nexpected {line}",
            ran.out
        );
    }
    assert!(
        ran.out.ends_with("6 checked, 1 failed, 0 doubtful\n"),
        "{}",
        ran.out
    );
}

#[test]
fn a_wrong_password_is_tried_once() {
    let bench = Bench::new();
    let (names, told) = examine(&bench, &["-p", "wrong"], 1);
    assert_eq!(names[4..], ["login fail", "api skip"]);
    assert!(
        detail(&told, "login", "fail").contains("rejected"),
        "{told}"
    );
    assert_eq!(bench.count("login"), 1);
}

#[test]
fn a_wrong_clock_is_doubtful_in_either_direction() {
    let bench = Bench::new();
    for (skew, direction) in [(3_630, "1 h behind"), (-3_630, "1 h ahead of")] {
        bench
            .sandbox
            .configure(&json!({"date_skew_secs": skew, "pismo": {"claims_skew_secs": skew}}))
            .unwrap();
        let (names, told) = examine(&bench, &["-p", "pismo"], 0);
        assert!(names.contains(&"clock warn".to_owned()), "{names:?}");
        assert!(detail(&told, "clock", "warn").contains(direction), "{told}");
    }
    bench
        .sandbox
        .configure(&json!({"send_date": false}))
        .unwrap();
    let (names, _) = examine(&bench, &["-p", "pismo"], 0);
    assert!(names.contains(&"clock skip".to_owned()), "{names:?}");
}

#[test]
fn a_closed_port_is_a_refused_connection() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("base_url=http://localhost:{port}");
    let (names, told) = examine(&bench, &["-p", "pismo", "--set", &url], 1);
    assert_eq!(
        names,
        ["profile ok", "dns ok", "tcp fail", "login skip", "api skip"]
    );
    assert!(detail(&told, "tcp", "fail").contains("refused"), "{told}");
}

#[test]
fn an_unknown_host_is_a_matter_of_names() {
    let bench = Bench::new();
    // RFC 6761 §6.4: no name ends in .invalid.
    let url = "base_url=https://no-such-host.invalid";
    let mut command = bench.command(&["doctor", "--json", "-p", "pismo", "--set", url]);
    for variable in ["https_proxy", "http_proxy", "all_proxy"] {
        command
            .env_remove(variable)
            .env_remove(variable.to_ascii_uppercase());
    }
    let ran = bench.run_with(command, b"");
    assert_eq!(ran.code, 1);
    assert!(detail(&ran.json(), "dns", "fail").contains("no-such-host.invalid"));
}

#[test]
fn an_unknown_authority_is_told_with_its_remedy() {
    let bench = Bench::with(Settings {
        https: true,
        ..Settings::default()
    });
    bench.write("ca.pem", bench.sandbox.ca_pem().unwrap());
    let url = format!("base_url={}", bench.sandbox.https_url().unwrap());
    let (names, told) = examine(&bench, &["-p", "pismo", "--set", &url], 1);
    assert_eq!(
        names,
        ["profile ok", "tcp ok", "tls fail", "login skip", "api skip"]
    );
    assert!(told.to_string().contains("ca_file"), "{told}");
    let mended = ["-p", "pismo", "--set", &url, "--set", "ca_file=ca.pem"];
    let (names, _) = examine(&bench, &mended, 0);
    assert_eq!(
        names,
        [
            "profile ok",
            "tcp ok",
            "tls ok",
            "clock ok",
            "login ok",
            "api ok"
        ]
    );
    let reckless = [
        "-p",
        "pismo",
        "--set",
        &url,
        "--set",
        "danger_accept_invalid_certs=true",
    ];
    let (names, _) = examine(&bench, &reckless, 0);
    assert_eq!(names[..2], ["profile ok", "profile warn"]);
}

#[test]
fn a_token_that_the_api_refuses_is_told_with_the_reason() {
    let bench = Bench::new();
    let (names, told) = examine(&bench, &["-p", "pismo", "--path", "/wso2/api/x"], 1);
    assert_eq!(names[4..], ["login ok", "api fail"]);
    assert!(
        detail(&told, "api", "fail").contains("refused_again"),
        "{told}"
    );
}

#[test]
fn rights_and_troubles_of_the_api_are_doubtful() {
    let bench = Bench::new();
    for status in [403, 503] {
        let fault = json!({"route": "api", "fault": {"type": "status", "status": status}});
        bench.sandbox.arm(&fault).unwrap();
        let (names, _) = examine(&bench, &["-p", "pismo", "--path", "/pismo/api/x"], 0);
        assert_eq!(names[5], "api warn", "{status}");
    }
}

#[test]
fn a_scope_that_was_left_out_is_named() {
    let bench = Bench::new();
    bench
        .sandbox
        .configure(&json!({"wso2": {"scopes": ["read"]}}))
        .unwrap();
    let (names, told) = examine(&bench, &["-p", "wso2", "--set", "scope=read admin"], 0);
    assert!(names.contains(&"login warn".to_owned()), "{names:?}");
    assert!(
        detail(&told, "login", "warn").ends_with("the scope admin"),
        "{told}"
    );
}

#[test]
fn two_servers_are_looked_at_one_after_the_other() {
    let bench = Bench::new();
    let base = format!("base_url={}", bench.sandbox.foreign_url());
    let (names, _) = examine(&bench, &["-p", "plain", "--set", &base], 0);
    let twice = ["tcp ok", "http ok", "clock ok"];
    assert_eq!(
        names[1..],
        [&twice as &[&str], &twice, &["login ok", "api ok"]].concat()
    );
}

#[test]
fn what_is_wrong_with_the_profile_is_the_first_finding() {
    let bench = Bench::new();
    for args in [
        &["-p", "nope"] as &[&str],
        &["-p", "pismo", "--set", "base_ulr=x"],
    ] {
        let (names, _) = examine(&bench, args, 1);
        assert_eq!(names, ["profile fail"]);
    }
    bench.run(&["doctor"]).failed(2);
    assert_eq!(bench.count("requests"), 0);
}
