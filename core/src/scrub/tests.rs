use proptest::prelude::*;

use super::Scrubber;
use super::line::MESSAGE_CHARS;
use crate::encode::{basic_pair, form_encoded, percent_encoded};
use crate::secret::Secret;

const AWKWARD: &str = "p$&;%()?<>[]_).:@+ é\"\\/=";

#[test]
fn every_form_of_a_secret_is_hidden() {
    let secret = Secret::new(AWKWARD);
    let scrubber = Scrubber::new([&secret]).with_pair("ke:y", &secret);
    let json = serde_json::to_string(AWKWARD).unwrap();
    let base64 =
        |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let forms = [
        AWKWARD.to_owned(),
        percent_encoded(AWKWARD).to_string(),
        percent_encoded(AWKWARD).to_ascii_lowercase(),
        form_encoded(AWKWARD).to_string(),
        json[1..json.len() - 1].to_owned(),
        json[1..json.len() - 1].replace('/', "\\/"),
        base64(AWKWARD),
        base64(AWKWARD).trim_end_matches('=').to_owned(),
        base64(AWKWARD).replace('+', "-").replace('/', "_"),
        basic_pair("ke:y", AWKWARD).to_string(),
        basic_pair(&form_encoded("ke:y"), &form_encoded(AWKWARD)).to_string(),
        basic_pair(&percent_encoded("ke:y"), &percent_encoded(AWKWARD)).to_string(),
        AWKWARD
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;"),
    ];
    for form in forms {
        assert_eq!(
            scrubber.message(&format!("no {form} here")).unwrap(),
            "no [redacted] here",
            "{form}"
        );
    }
}

#[test]
fn a_secret_in_pieces_that_the_line_would_join_is_hidden() {
    let scrubber = Scrubber::new([&Secret::new("hunter2-long"), &Secret::new("a  b\tc d")]);
    for text in [
        "no hunt\u{AD}er2-\u{200B}long here",
        "no a b \n c\r\nd here",
    ] {
        assert_eq!(scrubber.message(text).unwrap(), "no [redacted] here");
    }
    let late = format!("{}hunt\u{AD}er2-long", "x".repeat(MESSAGE_CHARS - 4));
    assert!(!scrubber.message(&late).unwrap().contains("hun"));
}

#[test]
fn what_looks_like_a_key_is_hidden_and_prose_is_not() {
    let table = [
        (
            "bad token eyJhbGciOiJIUzUxMiJ9.e30.c2ln!",
            "bad token [redacted]!",
        ),
        ("token=eyJhbGci", "token=[redacted]"),
        ("monkeyJar", "monkeyJar"),
        ("got Bearer abc.def", "got Bearer [redacted]"),
        ("got bEARER   abc", "got bEARER [redacted]"),
        (
            "Authorization: Basic dXNlcjpwYXNz",
            "Authorization: Basic [redacted]",
        ),
        ("Bearer token is missing", "Bearer token is missing"),
        ("use Basic authentication.", "use Basic authentication."),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer"),
        ("forbearer abc", "forbearer abc"),
        (
            "key 0123456789abcdef0123456789abcdef01234567 unknown",
            "key [redacted] unknown",
        ),
        (
            "Trace ID: 1d6a6eb8-dc70-35e3-96ee-3d66c9d7bea7",
            "Trace ID: 1d6a6eb8-dc70-35e3-96ee-3d66c9d7bea7",
        ),
        (
            "Provided Authorization Grant is invalid",
            "Provided Authorization Grant is invalid",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(
            Scrubber::default().message(text).as_deref(),
            Some(expected),
            "{text}"
        );
    }
}

#[test]
fn a_message_is_one_bounded_line() {
    let table = [
        ("  a\r\n\tb \u{0} c\u{85} ", Some("a b c")),
        ("a\u{1b}[31mb\u{202e}c\u{200b}d", Some("a [31mbcd")),
        ("", None),
        (" \r\n\u{7} ", None),
    ];
    for (text, expected) in table {
        assert_eq!(
            Scrubber::default().message(text).as_deref(),
            expected,
            "{text:?}"
        );
    }
    let exact = "é".repeat(MESSAGE_CHARS);
    assert_eq!(
        Scrubber::default().message(&exact).as_deref(),
        Some(exact.as_str())
    );
    let cut = Scrubber::default()
        .message(&"é".repeat(MESSAGE_CHARS + 1))
        .unwrap();
    assert_eq!(
        (cut.chars().count(), cut.chars().last()),
        (MESSAGE_CHARS, Some('…'))
    );
}

#[test]
fn the_longest_secret_wins_and_a_secret_at_the_cut_is_hidden_whole() {
    let (long, short) = (Secret::new("hunter2-and-more"), Secret::new("hunter2"));
    let scrubber = Scrubber::new([&short, &long]);
    assert_eq!(
        scrubber.message("hunter2-and-more hunter2").unwrap(),
        "[redacted] [redacted]"
    );
    for lead in MESSAGE_CHARS - 20..MESSAGE_CHARS + 2 {
        let message = scrubber
            .message(&format!("{}hunter2-and-more and on", " x".repeat(lead / 2)))
            .unwrap();
        assert!(!message.contains("hun"), "{message}");
    }
}

#[test]
fn a_tiny_secret_is_hidden_only_where_it_stands_alone() {
    let scrubber = Scrubber::new([&Secret::new("a")]);
    assert_eq!(
        scrubber.message("a bad password: a").unwrap(),
        "[redacted] bad password: [redacted]"
    );
    assert_eq!(
        Scrubber::new([&Secret::new("")]).message("ab").unwrap(),
        "ab"
    );
}

#[test]
fn a_secret_that_begins_with_another_letter_than_ascii_or_a_blank_is_hidden() {
    for (secret, forms) in [
        ("éa1b2", &["éa1b2", "?a1b2", "Ã©a1b2", "%C3%A9a1b2"][..]),
        (" a1b2c", &["\na1b2c", "+a1b2c", "%20a1b2c"][..]),
    ] {
        let scrubber = Scrubber::new([&Secret::new(secret)]);
        for form in forms {
            let message = scrubber.message(&format!("no {form} here")).unwrap();
            assert!(!message.contains("a1b2"), "{form}: {message}");
        }
    }
}

#[test]
fn escapes_of_other_characters_stay() {
    let scrubber = Scrubber::new([&Secret::new("xyz1")]);
    for text in ["%41%42%43%44", "%zz%zz%zz%zz", "%2541%2542%2543%2544"] {
        assert_eq!(scrubber.message(text).unwrap(), text);
    }
}

#[test]
fn codes_are_short_plain_and_no_secret() {
    let scrubber = Scrubber::new([&Secret::new("hunter2")]);
    for (text, fit) in [
        ("invalid_grant", true),
        (" 900901 ", true),
        ("AADSTS50053", true),
        ("urn:x.y-z", true),
        ("", false),
        ("two words", false),
        ("hunter2", false),
        ("x.hunter2.y", false),
        ("é", false),
        ("a\r\nb", false),
        ("eyJhbGciOiJIUzUxMiJ9.e30.x", false),
        (&"x".repeat(65), false),
    ] {
        assert_eq!(
            scrubber.code(text).as_deref(),
            fit.then_some(text.trim()),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_no_secret_gets_out(secret in ".{4,20}", head in any::<String>(), tail in any::<String>()) {
        let scrubber = Scrubber::new([&Secret::new(secret.clone())]).with_pair("u", &Secret::new(secret.clone()));
        if let Some(message) = scrubber.message(&format!("{head}{secret}{tail}")) {
            prop_assert!(message.chars().count() <= MESSAGE_CHARS);
            prop_assert!(!message.chars().any(char::is_control));
            prop_assert!(secret.trim().is_empty() || "[redacted]".contains(&secret) || !message.contains(&secret), "{message}");
        }
    }
}
