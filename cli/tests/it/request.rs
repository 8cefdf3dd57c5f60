//! `evertoken request`.

use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

fn request(bench: &Bench, args: &[&str]) -> Ran {
    bench
        .run(&[&["request", "-p", "pismo"], args].concat())
        .without_token()
}

fn echo(ran: Ran) -> Value {
    serde_json::from_str(&ran.quiet()).unwrap()
}

#[test]
fn the_answer_is_on_standard_output() {
    let bench = Bench::new();
    let told = echo(request(
        &bench,
        &["get", "/pismo/api/accounts/1?a=b", "-H", "X-Trace: 7"],
    ));
    assert_eq!(told["method"], "GET");
    assert_eq!(told["path"], "/pismo/api/accounts/1");
    assert_eq!(told["query"], "a=b");
    assert_eq!(told["headers"]["x-trace"], "7");
    assert_eq!(told["token"]["fingerprint"], bench.last_issued());
}

#[test]
fn a_body_comes_from_the_line_a_file_or_standard_input() {
    let bench = Bench::new();
    bench.write("body", "{\"a\": 1}");
    let form = "application/x-www-form-urlencoded";
    for (args, kind) in [
        (["-d", "{\"a\": 1}"], form),
        (["-d", "@body"], form),
        (["-d", "-"], form),
        (["--json", "{\"a\": 1}"], "application/json"),
        (["--json", "@body"], "application/json"),
        (["--json", "-"], "application/json"),
    ] {
        let line = ["request", "POST", "/pismo/api/x", "-p", "pismo"];
        let command = bench.command(&[&line, &args as &[&str]].concat());
        let told = echo(bench.run_with(command, b"{\"a\": 1}"));
        assert_eq!(told["headers"]["content-type"], kind, "{args:?}");
        // SHA-256 of {"a": 1}
        assert_eq!(
            (&told["body_length"], &told["body_sha256"]),
            (
                &json!(8),
                &json!("f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310")
            ),
            "{args:?}"
        );
    }
    let told = echo(request(
        &bench,
        &[
            "PUT",
            "/pismo/api/x",
            "-d",
            "x",
            "-H",
            "Content-Type: text/plain",
        ],
    ));
    assert_eq!(told["headers"]["content-type"], "text/plain");
}

#[test]
fn a_401_is_healed_and_the_body_sent_again() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "api", "fault": "unauthorized"}))
        .unwrap();
    let told = echo(request(&bench, &["POST", "/pismo/api/x", "-d", "abc"]));
    assert_eq!(told["body_length"], 3);
    assert_eq!((bench.count("login"), bench.count("api")), (2, 2));
}

#[test]
fn a_401_that_cannot_be_healed_is_an_answer_with_a_reason() {
    let bench = Bench::new();
    let ran = request(&bench, &["GET", "/wso2/api/x"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("900901"), "{}", ran.out);
    assert!(
        ran.err.contains("not healed (refused_again)"),
        "{}",
        ran.err
    );
    let ran = request(&bench, &["GET", "/wso2/api/x", "--fail"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("error: the API answered with status 401"),
        "{}",
        ran.err
    );
    // The renewal of the refused token fails: its error is told as well.
    bench.sandbox.arm(&json!([
        {"route": "api", "fault": "unauthorized"},
        {"route": "login", "skip": 1, "fault": {"type": "status", "status": 403, "json": {"message": "blocked"}}},
    ])).unwrap();
    let ran = request(&bench, &["GET", "/pismo/api/x"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("(renewal_failed)") && ran.err.contains("\nerror: "),
        "{}",
        ran.err
    );
}

#[test]
fn any_answer_is_a_success_unless_told_otherwise() {
    let bench = Bench::new();
    for status in [204, 404, 500] {
        let fault =
            json!({"route": "api", "count": 2, "fault": {"type": "status", "status": status}});
        bench.sandbox.arm(&fault).unwrap();
        assert_eq!(request(&bench, &["GET", "/pismo/api/x"]).code, 0);
        let expected = i32::from(status >= 400);
        assert_eq!(
            request(&bench, &["GET", "/pismo/api/x", "-f"]).code,
            expected,
            "{status}"
        );
    }
}

#[test]
fn head_and_body_go_where_they_are_told() {
    let bench = Bench::new();
    let out = request(&bench, &["GET", "/pismo/api/x", "-i"]).quiet();
    let (head, body) = out.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\ncontent-type: application/json"),
        "{head}"
    );
    assert!(body.starts_with('{'));
    assert_eq!(
        request(&bench, &["GET", "/pismo/api/x", "-o", "answer.json"]).quiet(),
        ""
    );
    let response = std::fs::read_to_string(bench.path("answer.json")).unwrap();
    assert!(response.starts_with('{'));
    let err = request(&bench, &["GET", "/pismo/api/x", "-o", "absent/answer"]).failed(1);
    assert!(err.contains("absent/answer"), "{err}");
}

#[test]
fn verbose_tells_events_and_fingerprints_on_standard_error() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "api", "fault": "unauthorized"}))
        .unwrap();
    let args = [
        "GET",
        "/pismo/api/x",
        "-v",
        "-H",
        "X-Api-Key: do-not-show",
        "-H",
        "X-Trace: 7",
    ];
    let ran = request(&bench, &args);
    assert_eq!(ran.code, 0);
    let url = format!("> GET {}/pismo/api/x\n", bench.sandbox.url());
    for part in [
        &url,
        "> X-Trace: 7\n",
        "* flight_started\n",
        "* token_installed via login, token ",
        "* refused, token ",
        "* resent, token ",
        "< HTTP/1.1 200 OK\n",
        &bench.last_issued(),
    ] {
        assert!(ran.err.contains(part), "{}\nexpected {part}", ran.err);
    }
    assert!(!ran.err.contains("do-not-show"));
}

#[test]
fn mistakes_are_named_and_nothing_is_sent() {
    let bench = Bench::new();
    for (args, message) in [
        (&["GE T", "/x"] as &[&str], "must be an HTTP method"),
        (
            &["GET", "/x", "-H", "nonsense"],
            "must be a name, a colon and a value",
        ),
        (
            &["GET", "/x", "-H", "Authorization: Bearer x"],
            "Authorization is set by the client",
        ),
        (
            &["GET", "/x", "-H", "a b: c"],
            "a name is not a header name",
        ),
        (
            &["POST", "/x", "--json", "{"],
            "--json: not a JSON document",
        ),
        (&["POST", "/x", "-d", "@absent"], "--data @absent: "),
        (
            &["POST", "/x", "-d", "a", "--json", "1"],
            "cannot be used with",
        ),
        (&["GET", "mailto:x"], "url: "),
        (&["GET"], "required"),
    ] {
        let err = request(&bench, args).failed(2);
        assert!(err.contains(message), "{err}\nexpected {message}");
    }
    let foreign = format!("{}/pismo/api/x", bench.sandbox.foreign_url());
    let err = request(&bench, &["GET", &foreign]).failed(1);
    assert!(
        err.contains("hint: add the origin to allowed_origins"),
        "{err}"
    );
    assert_eq!(bench.count("requests"), 0);
}

#[test]
fn no_answer_is_a_failure() {
    let bench = Bench::new();
    bench
        .sandbox
        .arm(&json!({"route": "api", "count": 2, "fault": "reset"}))
        .unwrap();
    assert!(
        request(&bench, &["GET", "/pismo/api/x"])
            .failed(1)
            .contains("hint: ")
    );
    bench
        .sandbox
        .arm(&json!({"route": "api", "fault": "hang"}))
        .unwrap();
    let err = request(&bench, &["GET", "/pismo/api/x", "--timeout", "0.5"]).failed(1);
    assert!(err.contains("in time") || err.contains("within"), "{err}");
}
