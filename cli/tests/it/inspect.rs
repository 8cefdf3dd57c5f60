//! `evertoken inspect`.

use crate::bench::Bench;

fn inspect(bench: &Bench, args: &[&str], stdin: &str) -> crate::bench::Ran {
    bench.run_with(
        bench.command(&[&["inspect"], args].concat()),
        stdin.as_bytes(),
    )
}

#[test]
fn a_piped_token_is_told_with_dates_and_never_verified() {
    let bench = Bench::new();
    let token = bench.run(&["token", "-p", "pismo"]).quiet();
    let header = format!("Authorization: Bearer {token}");
    for (args, stdin) in [
        (&[] as &[&str], token.as_str()),
        (&["-"], &token),
        (&[], &header),
        (&[token.trim()], ""),
    ] {
        let ran = inspect(&bench, args, stdin).without_token();
        assert_eq!(ran.code, 0, "{}", ran.err);
        for part in [
            "  alg  HS512\n",
            "Passport",
            " UTC, ",
            "expires in ",
            &bench.last_issued(),
        ] {
            assert!(ran.out.contains(part), "{}\nexpected {part}", ran.out);
        }
        assert!(ran.err.contains("not verified"), "{}", ran.err);
    }
    assert_eq!(bench.count("requests"), 1);
}

#[test]
fn json_tells_the_same() {
    let bench = Bench::new();
    let token = bench.run(&["token", "-p", "pismo"]).quiet();
    let ran = inspect(&bench, &["--json"], &token).without_token();
    let told = ran.json();
    ran.quiet();
    assert_eq!(told["kind"], "jwt");
    assert_eq!(told["header"]["alg"], "HS512");
    assert_eq!(told["claims"]["iss"], "Passport");
    assert_eq!(told["verified"], false);
    assert_eq!(told["fingerprint"], bench.last_issued());
    assert!(told["expires_in_secs"].as_i64().unwrap() <= 600);
}

#[test]
fn an_opaque_token_is_told_as_such_and_none_is_a_mistake() {
    let bench = Bench::new();
    let token = bench.run(&["token", "-p", "wso2"]).quiet();
    let out = inspect(&bench, &[], &token).quiet();
    assert!(
        out.starts_with("opaque token of ") && !out.contains(token.trim()),
        "{out}"
    );
    for stdin in ["", " \n", "Bearer ", "Authorization: "] {
        let err = inspect(&bench, &[], stdin).failed(2);
        assert!(err.contains("there is no token"), "{err}");
    }
}
