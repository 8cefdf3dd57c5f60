use proptest::prelude::*;

use super::Document;

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some(0xFEFF)
        .into_iter()
        .chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

fn utf32(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark
        .then_some('\u{FEFF}')
        .into_iter()
        .chain(text.chars())
        .map(u32::from);
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

#[test]
fn the_beginning_of_an_error_is_read_behind_what_was_closed_in_it() {
    for cut in [
        r#"{"fault":{"code":900901},"message":"no","more":"cut o"#,
        r#"{"fault":{"code":900901,"list":[1,{"a":2}]},"message":"no","more":{"cut":[1"#,
    ] {
        let document = Document::of_error(cut.as_bytes()).unwrap();
        assert_eq!(document.get("fault.code").unwrap(), 900_901, "{cut}");
        assert_eq!(document.get("message").unwrap(), "no", "{cut}");
    }
}

#[test]
fn prose_and_markup_are_no_form_though_they_hold_an_equals_sign() {
    for (body, is_form) in [
        ("access_token=T1&scope=a+b", true),
        ("access_token=T1 and more", false),
        ("access_token=<b>", false),
        ("access token=T1", false),
        ("=T1", false),
    ] {
        let read = Document::read(Some("text/plain"), body.as_bytes(), "access_token");
        assert_eq!(read.is_ok(), is_form, "{body}");
    }
}

#[test]
fn a_json_object_is_read_in_every_encoding_and_under_every_content_type() {
    const BODY: &str = r#"{"access_token":"T1","note":"é"}"#;
    let mut bodies = vec![
        BODY.as_bytes().to_vec(),
        format!("\u{FEFF}{BODY}").into_bytes(),
        format!(" \r\n\t{BODY}\r\n\r\n").into_bytes(),
        format!("{BODY}\0").into_bytes(),
        // Latin-1
        BODY.chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect(),
    ];
    for big in [false, true] {
        for mark in [false, true] {
            bodies.extend([utf16(BODY, big, mark), utf32(BODY, big, mark)]);
        }
    }
    for body in bodies {
        for kind in [
            None,
            Some("application/json"),
            Some("text/html; charset=utf-8"),
            Some("application/x-www-form-urlencoded"),
            Some(";;"),
        ] {
            let document = Document::read(kind, &body, "access_token")
                .unwrap_or_else(|what| panic!("{what}: {body:?}"));
            assert_eq!(document.get("access_token").unwrap(), "T1", "{body:?}");
            assert_eq!(document.get("note").unwrap(), "é", "{body:?}");
        }
    }
}

#[test]
fn a_form_is_read_where_the_type_says_so_or_nothing() {
    let table = [
        (
            Some("application/x-www-form-urlencoded"),
            "access_token=T%31&expires_in=3600&scope=a+b",
            true,
        ),
        (
            Some("Application/X-WWW-Form-URLencoded; charset=utf-8"),
            "access_token=T1",
            true,
        ),
        (
            Some("text/plain"),
            "access_token=T1&token_type=bearer",
            true,
        ),
        (
            Some("text/plain;charset=UTF-8"),
            "token_type=bearer&access_token=T1\n",
            true,
        ),
        (None, "access_token=T1", true),
        (Some("text/plain"), "other=1", false),
        (Some("text/html"), "access_token=T1", false),
        (Some("application/json"), "access_token=T1", false),
        (Some("text/plain"), "your access_token=T1", false),
    ];
    for (kind, body, readable) in table {
        let token = Document::read(kind, body.as_bytes(), "access_token")
            .ok()
            .and_then(|document| Some(document.get("access_token")? == "T1"));
        assert_eq!(token, readable.then_some(true), "{kind:?} {body}");
    }
}

#[test]
fn a_list_is_read_by_its_indices() {
    let document = Document::read(None, br#"[{"access_token":"T1"},["x"]]"#, "").unwrap();
    assert_eq!(document.get("0.access_token").unwrap(), "T1");
    assert_eq!(document.get("1.0").unwrap(), "x");
    assert!(document.get("2").is_none() && document.get("access_token").is_none());
}

#[test]
fn what_is_no_document_is_named() {
    let table = [
        ("", "empty"),
        (" \r\n\0", "empty"),
        (
            "<!DOCTYPE html><html>{\"access_token\":\"T1\"}</html>",
            "an HTML page",
        ),
        ("<h1>It works!</h1>", "an HTML page"),
        (
            "<meta http-equiv=refresh content='0;url=/login'>",
            "an HTML page",
        ),
        ("<?xml version=\"1.0\"?><token>T1</token>", "XML"),
        (r#"{"access_token":"T1"#, "broken or truncated JSON"),
        (r#"{"access_token":"T1""#, "broken or truncated JSON"),
        (r#"{"access_token":"T1"}}"#, "broken or truncated JSON"),
        (r#"{"access_token":"T1"}{}"#, "broken or truncated JSON"),
        ("{'access_token':'T1'}", "broken or truncated JSON"),
        ("{access_token:1}", "broken or truncated JSON"),
        (r#"[{"access_token":"T1"}"#, "broken or truncated JSON"),
        ("\"T1\"", "JSON, but not an object"),
        ("null", "JSON, but not an object"),
        ("12", "JSON, but not an object"),
        ("OK", "neither JSON nor a form"),
        ("eyJhbGciOiJub25lIn0.e30.", "neither JSON nor a form"),
    ];
    for (body, what) in table {
        assert_eq!(
            Document::read(None, body.as_bytes(), "access_token").err(),
            Some(what),
            "{body}"
        );
    }
}

#[test]
fn numbers_out_of_range_and_words_for_them_do_not_break_a_document() {
    for (written, read) in [
        ("NaN", "null"),
        ("Infinity", "1e308"),
        ("-Infinity", "-1e308"),
        ("1e999", "1e308"),
        ("-1e999", "-1e308"),
    ] {
        let body = format!(r#"{{"access_token":"NaN, 1e999 \" NaN","expires_in":{written}}}"#);
        let document = Document::read(None, body.as_bytes(), "")
            .unwrap_or_else(|what| panic!("{what}: {body}"));
        assert_eq!(document.get("access_token").unwrap(), "NaN, 1e999 \" NaN");
        assert_eq!(
            *document.get("expires_in").unwrap(),
            serde_json::from_str::<serde_json::Value>(read).unwrap(),
            "{written}"
        );
    }
}

#[test]
fn half_a_character_does_not_break_a_document() {
    for (written, read) in [
        (r"\ud83d", "\u{FFFD}"),
        (r"a\uDC00b", "a\u{FFFD}b"),
        (r"\ud83d\ud83d\ude00", "\u{FFFD}\u{1F600}"),
        (r"\ud83d\u0041", "\u{FFFD}A"),
        (
            r#"\ud83d é \\ud83d \"\ud83d"#,
            "\u{FFFD} é \\ud83d \"\u{FFFD}",
        ),
    ] {
        let body = format!(r#"{{"access_token":"T1","{written}":1,"name":"{written}"}}"#);
        let document = Document::read(None, body.as_bytes(), "")
            .unwrap_or_else(|what| panic!("{what}: {body}"));
        assert_eq!(document.get("name").unwrap(), read, "{body}");
        assert_eq!(document.get(read).unwrap(), 1, "{body}");
        assert_eq!(document.get("access_token").unwrap(), "T1", "{body}");
    }
    for broken in [
        r#"{"a":"\ud83d"#,
        r#"{"a":"\ud83d\"}"#,
        r#"{"a":"\ud8"}"#,
        r#"{"a":"\x"}"#,
    ] {
        assert!(
            Document::read(None, broken.as_bytes(), "").is_err(),
            "{broken}"
        );
    }
}

#[test]
fn deep_nesting_is_refused_and_not_a_crash() {
    for open in ["[", "{\"a\":"] {
        let body = open.repeat(100_000);
        assert!(Document::read(None, body.as_bytes(), "").is_err());
        assert!(Document::of_error(body.as_bytes()).is_none());
        let _ = Document::of_error(format!("{{\"code\":1,\"a\":{body}").as_bytes());
    }
}

#[test]
fn a_path_is_a_key_first_and_then_a_way() {
    let body = br#"{"a.b":"key","a":{"b":"way","c":[{"d":"item"}]},"x":"first","x":"last"}"#;
    let document = Document::read(None, body, "").unwrap_or_else(|what| panic!("{what}"));
    for (path, expected) in [
        ("a.b", Some("key")),
        ("a.c.0.d", Some("item")),
        ("x", Some("last")),
        ("a.c.1.d", None),
        ("A", None),
        ("", None),
        ("a..b", None),
    ] {
        assert_eq!(
            document.get(path).and_then(|value| value.as_str()),
            expected,
            "{path}"
        );
    }
}

#[test]
fn details_are_found_in_every_providers_form() {
    const AM: &str = r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>101503</am:code><am:type>Status report</am:type><am:message>Runtime &amp; Error</am:message><am:description>Error connecting</am:description></am:fault>"#;
    let table = [
        (
            r#"{"error":"invalid_grant","error_description":"Bad user"}"#,
            Some("invalid_grant"),
            Some("Bad user"),
        ),
        (
            r#"{"error":"invalid_client"}"#,
            Some("invalid_client"),
            None,
        ),
        (
            r#"{"error":"wrong password, sorry"}"#,
            None,
            Some("wrong password, sorry"),
        ),
        (
            r#"{"error":{"code":16,"message":"no such user"}}"#,
            Some("16"),
            Some("no such user"),
        ),
        (
            r#"{"code":5,"message":"not found","details":[]}"#,
            Some("5"),
            Some("not found"),
        ),
        (r#"{"message":"Unauthorized"}"#, None, Some("Unauthorized")),
        (
            AM,
            Some("101503"),
            Some("Runtime & Error: Error connecting"),
        ),
        (
            &AM[..AM.len() - 40],
            Some("101503"),
            Some("Runtime & Error"),
        ),
        (
            r#"{"fault":{"code":900901,"message":"Invalid Credentials","description":"Access failure"}}"#,
            Some("900901"),
            Some("Invalid Credentials: Access failure"),
        ),
        (
            r#"{"code":"101503","type":"Status report","message":"Runtime Error","description":"Error connecting"}"#,
            Some("101503"),
            Some("Runtime Error: Error connecting"),
        ),
        (
            r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"No credit"}"#,
            None,
            Some("Forbidden: No credit"),
        ),
        (
            r#"{"errors":[{"code":"E1","title":"Bad","detail":"Very bad"},{"code":"E2"}]}"#,
            Some("E1"),
            Some("Bad: Very bad"),
        ),
        (r#"{"errors":["all wrong"]}"#, None, Some("all wrong")),
        (
            r#"{"title":"Validation failed","status":400,"errors":{"Password":["is too short","has no digit"]}}"#,
            None,
            Some("Validation failed"),
        ),
        (
            r#"{"errors":{"password":["is too short"],"username":["is missing"]}}"#,
            None,
            Some("password: is too short"),
        ),
        (
            r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#,
            None,
            Some("Unable to log in with provided credentials."),
        ),
        (
            r#"{"statusCode":400,"message":["username must be an email"],"error":"Bad Request"}"#,
            Some("400"),
            Some("username must be an email"),
        ),
        (
            r#"{"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":null}]}"#,
            None,
            Some("username: Field required"),
        ),
        (
            r#"{"detail":[{"msg":"Field required","loc":[]}]}"#,
            None,
            Some("Field required"),
        ),
        (
            r#"{"detail":{"error":"invalid_grant","error_description":"Bad user"}}"#,
            Some("invalid_grant"),
            Some("Bad user"),
        ),
        (r#"{"detail":[],"errors":{},"message":[]}"#, None, None),
        (
            r#"[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]"#,
            Some("INVALID_SESSION_ID"),
            Some("Session expired"),
        ),
        (
            r#"{"fault":{"faultstring":"Invalid key","detail":{"errorcode":"oauth.v2.InvalidKey"}}}"#,
            Some("oauth.v2.InvalidKey"),
            Some("Invalid key"),
        ),
        (
            "error=invalid_request&error_description=no+way",
            Some("invalid_request"),
            Some("no way"),
        ),
        (
            r#"{"error":"invalid_grant","error_description":"cut off he"#,
            Some("invalid_grant"),
            None,
        ),
        (r#"{"error":null,"message":"","code":null}"#, None, None),
        (r#"{"error":[],"fault":7.5,"errors":{}}"#, Some("7.5"), None),
        ("{}", None, None),
    ];
    for (body, code, message) in table {
        let details = Document::of_error(body.as_bytes())
            .map(|document| document.details())
            .unwrap_or_default();
        assert_eq!(
            (details.code.as_deref(), details.message.as_deref()),
            (code, message),
            "{body}"
        );
    }
    for page in [
        "",
        "<html><code>900901</code></html>",
        "<soap:Envelope><code>1</code></soap:Envelope>",
        "Unauthorized",
        "a=b",
        "<",
        "<am:fault",
    ] {
        assert!(
            Document::of_error(page.as_bytes())
                .is_none_or(|document| document.details().code.is_none()),
            "{page}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        jsonish in r#"[\[\]{}",:\\a-e0-9N.+-]{0,60}"#,
        xmlish in r"<[a-z:]{0,6}fault>(<[/a-z:!?]{0,6}>?[^<]{0,4}){0,6}",
    ) {
        for body in [bytes.as_slice(), jsonish.as_bytes(), format!("{{\"a\":{jsonish}").as_bytes(), xmlish.as_bytes()] {
            for kind in [None, Some("application/x-www-form-urlencoded")] {
                let _ = Document::read(kind, body, "a").map(|document| document.get(&jsonish).is_some());
            }
            let _ = Document::of_error(body).map(|document| document.details());
        }
    }
}
