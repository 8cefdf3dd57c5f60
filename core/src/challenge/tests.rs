use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{Challenge, challenges, is_about_rights};

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("www-authenticate", HeaderValue::from_str(line).unwrap());
    }
    headers
}

fn challenge(scheme: &str, realm: &str, error: &str) -> Challenge {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Challenge {
        scheme: scheme.into(),
        realm: some(realm),
        error: some(error),
        ..Challenge::default()
    }
}

#[test]
fn challenges_are_read_as_servers_write_them() {
    let table: &[(&[&str], &[Challenge])] = &[
        (
            &[r#"OAuth2 realm="WSO2 API Manager""#],
            &[challenge("OAuth2", "WSO2 API Manager", "")],
        ),
        (
            &["Basic realm=gateway.example.org"],
            &[challenge("Basic", "gateway.example.org", "")],
        ),
        (&["Bearer"], &[challenge("Bearer", "", "")]),
        (
            &["bearer error=invalid_token"],
            &[challenge("bearer", "", "invalid_token")],
        ),
        (
            &[r#"Bearer realm="a, b", error="invalid_token""#],
            &[challenge("Bearer", "a, b", "invalid_token")],
        ),
        (
            &[r#"Bearer realm = "x" , ERROR = "invalid_token""#],
            &[challenge("Bearer", "x", "invalid_token")],
        ),
        (
            &[r#"Bearer realm="say \"hi\", you""#],
            &[challenge("Bearer", r#"say "hi", you"#, "")],
        ),
        (
            &[r#"Bearer realm="x" error="insufficient_scope""#],
            &[challenge("Bearer", "x", "insufficient_scope")],
        ),
        (
            &[r#"Basic realm="a", Bearer realm="b", error="invalid_token""#],
            &[
                challenge("Basic", "a", ""),
                challenge("Bearer", "b", "invalid_token"),
            ],
        ),
        (
            &[r#"Basic realm="a""#, r#"Bearer error="insufficient_scope""#],
            &[
                challenge("Basic", "a", ""),
                challenge("Bearer", "", "insufficient_scope"),
            ],
        ),
        (&["Negotiate YII+/=="], &[challenge("Negotiate", "", "")]),
        (
            &["Negotiate YII, Bearer error=x"],
            &[challenge("Negotiate", "", ""), challenge("Bearer", "", "x")],
        ),
        (
            &[r#"Bearer realm="never closed, error="x"#],
            &[challenge("Bearer", "never closed, error=", "")],
        ),
        (
            &["Bearer error=a, error=b"],
            &[challenge("Bearer", "", "a")],
        ),
        (&["", ",,, ,", "=", "\"", "\"x\"", "realm=x"], &[]),
    ];
    for (lines, expected) in table {
        assert_eq!(challenges(&headers(lines)), *expected, "{lines:?}");
    }
}

#[test]
fn description_and_scope_are_kept() {
    let found = challenges(&headers(&[
        r#"Bearer error_description="expired", scope="read write", foo=bar"#,
    ]));
    assert_eq!(found[0].error_description.as_deref(), Some("expired"));
    assert_eq!(found[0].scope.as_deref(), Some("read write"));
}

#[test]
fn a_401_about_rights_is_told_from_one_about_the_token() {
    const AMS: &str = r#"<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>"#;
    let table: &[(&str, &str, Option<&str>)] = &[
        (
            r#"Bearer error="insufficient_scope", scope="x""#,
            "",
            Some("insufficient_scope"),
        ),
        (
            r#"Bearer error="INSUFFICIENT_SCOPE""#,
            "",
            Some("insufficient_scope"),
        ),
        (
            "",
            r#"{"error":"INSUFFICIENT_SCOPE"}"#,
            Some("insufficient_scope"),
        ),
        (r#"Bearer error="invalid_token""#, "", None),
        (
            "",
            r#"{"error":"insufficient_scope"}"#,
            Some("insufficient_scope"),
        ),
        (
            "",
            r#"{"error":"insufficient_scope","error_description":"cut of"#,
            Some("insufficient_scope"),
        ),
        (
            "",
            r#"{"error":{"code":"insufficient_scope"}}"#,
            Some("insufficient_scope"),
        ),
        ("", r#"{"error":"invalid_token"}"#, None),
        ("", r#"{"message":"insufficient_scope"}"#, Some("scope")),
        (
            "",
            &format!("{AMS}900907</ams:code><ams:message>API blocked</ams:message></ams:fault>"),
            Some("900907"),
        ),
        (
            "",
            &format!("<?xml version=\"1.0\"?>\n<!-- x -->{AMS}900909</ams:code><ams:mess"),
            Some("900909"),
        ),
        ("", &format!("{AMS}90090"), None),
        ("", &format!("{AMS}900901</ams:code></ams:fault>"), None),
        (
            "",
            &format!("<html><body>{AMS}900907</ams:code></html>"),
            None,
        ),
        (
            "",
            r#"{"fault":{"code":900906,"message":"No matching resource"}}"#,
            Some("900906"),
        ),
        (
            "",
            r#"{"fault":{"code":900908,"message":"Resource forbidden","descr"#,
            Some("900908"),
        ),
        ("", r#"{"fault":{"code":90090"#, None),
        (
            "",
            r#"{"fault":{"code":"900910","message":"x"}}"#,
            Some("900910"),
        ),
        (
            "",
            r#"{"code":"900907","type":"Status report","message":"x","description":"y"}"#,
            Some("900907"),
        ),
        ("", r#"{"code":900909}"#, Some("900909")),
        (
            "",
            r#"{"code":"900901","message":"Invalid Credentials"}"#,
            None,
        ),
        ("", r#"{"code":"900902"}"#, None),
        ("", r#"{"fault":{"code":900904}}"#, None),
        ("", r#"{"code":"900905"}"#, None),
        ("", r#"{"data":{"code":900907}}"#, None),
        ("", "{", None),
        ("", "Unauthorized", None),
        ("", "", None),
    ];
    for (line, body, expected) in table {
        assert_eq!(
            is_about_rights(&headers(&[line]), body.as_bytes()),
            *expected,
            "{line} {body}"
        );
    }
}

#[test]
fn a_compressed_body_is_read_as_far_as_it_goes() {
    let body = format!(
        r#"{{"error":"insufficient_scope","more":"{}"}}"#,
        "x".repeat(100_000)
    );
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let compressed = encoder.finish().unwrap();
    for end in [compressed.len(), compressed.len() - 8, 80] {
        let reason = is_about_rights(&HeaderMap::new(), &compressed[..end]);
        assert_eq!(reason, Some("insufficient_scope"), "{end}");
    }
    for junk in [&compressed[..5], &[0x1f, 0x8b, 0, 0]] {
        assert_eq!(is_about_rights(&HeaderMap::new(), junk), None);
    }
}

#[test]
fn every_cut_of_a_fault_is_read_or_nothing() {
    let body =
        r#"{"fault":{"code":900908,"message":"Resource forbidden \"é\"","description":"x"}}"#;
    for end in 0..body.len() {
        let reason = is_about_rights(&HeaderMap::new(), &body.as_bytes()[..end]);
        assert!(matches!(reason, None | Some("900908")), "{end}: {reason:?}");
    }
}

proptest! {
    #[test]
    fn no_header_and_no_body_panics(
        line in proptest::collection::vec(any::<u8>(), 0..80),
        text in "([A-Za-z]{0,6}[ ,=\"\\\\]{0,3}){0,12}",
        body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut headers = HeaderMap::new();
        for line in [line.as_slice(), text.as_bytes()] {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append("www-authenticate", value);
            }
        }
        let _ = challenges(&headers);
        let _ = is_about_rights(&headers, &body);
        let _ = is_about_rights(&headers, text.replace(' ', "{").as_bytes());
    }
}
