use proptest::prelude::*;

use super::super::tests::{base, build, parts};
use super::{from_options, is_secret_entry, names, option_names, secret_names, takes_table};
use crate::flow::{ClientCredentials, JsonLogin, PassKit, Password, Pismo, Wso2};
use crate::options::{OptionValue, Options};
use crate::secret::Secret;

fn options(values: &[(&str, &str)]) -> Options {
    let mut options = Options::new();
    for (name, value) in values {
        options.set(*name, *value);
    }
    options
}

#[test]
fn every_option_whose_name_says_secret_is_known_as_one() {
    for flow in names() {
        for &option in option_names(flow) {
            let says = ["secret", "password", "token", "code"]
                .iter()
                .any(|word| option.contains(word));
            let describes = ["_url", "_field"].iter().any(|end| option.ends_with(end));
            assert_eq!(
                secret_names(flow).any(|name| name == option),
                says && !describes,
                "{flow} {option}"
            );
        }
    }
    assert_eq!(secret_names("no such flow").count(), 0);
    assert!(takes_table("body") && !takes_table("scope"));
    assert!(is_secret_entry("X-Api-Key") && !is_secret_entry("audience"));
}

#[test]
fn options_by_name_make_the_same_flow_as_the_builder() {
    let table =
        |name: &str, value: &str| OptionValue::Map(vec![(name.to_owned(), Secret::new(value))]);
    let mut pismo = options(&[
        ("server_key", "k"),
        ("server_secret", "s"),
        ("timeout", "5"),
        ("secret_field", "secret_key"),
    ]);
    pismo.set("account_id", 123.0);
    let mut json = options(&[("token_url", "https://as/login"), ("success", "ok")]);
    json.set("body", table("a", "b"))
        .set("extra_headers", table("c", "d"));
    let mut password = options(&[
        ("token_url", "https://as/token"),
        ("username", "u"),
        ("password", "p"),
        ("client_id", "k"),
        ("client_secret", "s"),
        ("scope", "a b"),
        ("basic", "body"),
    ]);
    password.set("extra_fields", table("resource", "r"));
    let cases = [
        (
            "pismo",
            pismo,
            build(
                Pismo::new("k", "s")
                    .account_id(123)
                    .secret_field("secret_key"),
            ),
        ),
        (
            "passkit",
            options(&[("username", "u"), ("password", "p"), ("region", "pub2")]),
            build(PassKit::new("u", "p").region("pub2")),
        ),
        (
            "passkit",
            options(&[("token", "T")]),
            build(PassKit::token("T")),
        ),
        (
            "wso2",
            options(&[
                ("token_url", "https://gw/token"),
                ("consumer_key", "k"),
                ("consumer_secret", "s"),
                ("username", "u"),
                ("password", "p"),
                ("organization", "o"),
                ("device", "d"),
            ]),
            build(
                Wso2::new("https://gw/token", "k", "s", "u", "p")
                    .organization("o")
                    .device("d"),
            ),
        ),
        (
            "password",
            password,
            build(
                Password::new("https://as/token", "u", "p")
                    .client("k", "s")
                    .scope(["a", "b"])
                    .basic("body")
                    .extra_field("resource", "r"),
            ),
        ),
        (
            "client_credentials",
            options(&[
                ("token_url", "https://as/token"),
                ("client_id", "k"),
                ("client_secret", "s"),
                ("token_field", "id_token"),
            ]),
            build(ClientCredentials::new("https://as/token", "k", "s").token_field("id_token")),
        ),
        (
            "json_login",
            json,
            build(
                JsonLogin::new("https://as/login")
                    .field("a", "b")
                    .header("c", "d")
                    .success("ok"),
            ),
        ),
    ];
    for (name, mut options, expected) in cases {
        let flow = from_options(name, &mut options, Some(&base()))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (flow.name(), flow.label(), parts(&flow)),
            (name, expected.label(), parts(&expected))
        );
        // The client's own option is left, nothing else is.
        assert!(
            options.refuse_unknown(&["timeout"]).is_ok()
                && options.has("timeout") == (name == "pismo"),
            "{name}"
        );
    }
}

#[test]
fn an_option_at_fault_is_named() {
    let pismo = [("server_key", "k"), ("server_secret", "s")];
    let both = [("token", "T"), ("username", "u"), ("password", "p")];
    for (flow, given, option) in [
        ("pismo", &[("server_secret", "s")][..], "server_key"),
        (
            "pismo",
            &[("server_key", "k"), ("server_secret", "")],
            "server_secret",
        ),
        (
            "pismo",
            &[pismo[0], pismo[1], ("account_id", "12x")],
            "account_id",
        ),
        ("passkit", &both, "token"),
        ("passkit", &both[1..2], "password"),
        ("passkit", &[], "username"),
        ("wso2", &[], "token_url"),
        (
            "password",
            &[
                ("token_url", "https://h"),
                ("username", "u"),
                ("password", "p"),
                ("client_secret", "s"),
            ],
            "client_id",
        ),
        (
            "client_credentials",
            &[("token_url", "https://h"), ("client_id", "k")],
            "client_secret",
        ),
        (
            "json_login",
            &[("token_url", "https://h"), ("body", "a=b")],
            "body",
        ),
        ("oidc", &[], "flow"),
        ("", &[], "flow"),
    ] {
        let error = from_options(flow, &mut options(given), Some(&base())).unwrap_err();
        assert!(
            error.kind().code() == "config_invalid"
                && error.message().starts_with(&format!("{option}: ")),
            "{flow} {given:?}: {error}"
        );
    }
}

#[test]
fn an_account_id_is_a_whole_number_however_it_is_written() {
    let read = |value: OptionValue| {
        let mut options = options(&[("server_key", "k"), ("server_secret", "s")]);
        options.set("account_id", value);
        from_options("pismo", &mut options, Some(&base()))
            .map(|flow| String::from_utf8(flow.login().unwrap().body.to_vec()).unwrap())
    };
    for (value, sent) in [
        (OptionValue::from(123.0), "123"),
        (OptionValue::from("123"), "123"),
        (OptionValue::from(" 123 "), "123"),
        (
            OptionValue::from("9223372036854775807"),
            "9223372036854775807",
        ),
        (
            OptionValue::from(9_007_199_254_740_992.0),
            "9007199254740992",
        ),
    ] {
        assert!(
            read(value)
                .unwrap()
                .contains(&format!(r#""account_id":{sent}"#)),
            "{sent}"
        );
    }
    for value in [
        OptionValue::from(1.5),
        OptionValue::from(f64::NAN),
        OptionValue::from(1e300),
        OptionValue::from(""),
        OptionValue::from("1.0"),
        OptionValue::from("9223372036854775808"),
        OptionValue::from(true),
    ] {
        let error = read(value.clone()).unwrap_err();
        assert!(
            error.message().starts_with("account_id: "),
            "{value:?}: {error}"
        );
    }
}

#[test]
fn every_option_is_listed_under_its_flow() {
    for flow in [
        "pismo",
        "passkit",
        "wso2",
        "password",
        "client_credentials",
        "json_login",
    ] {
        assert!(option_names(flow).contains(&"token_url"), "{flow}");
    }
    assert!(option_names("oidc").is_empty());
}

proptest! {
    #[test]
    fn no_configuration_panics(text in any::<String>(), other in any::<String>()) {
        let table = || OptionValue::Map(vec![(text.clone(), Secret::new(other.clone()))]);
        for flow in ["pismo", "passkit", "wso2", "password", "client_credentials", "json_login"] {
            let mut options = Options::new();
            for name in option_names(flow) {
                match *name {
                    "extra_fields" | "extra_headers" | "body" => options.set(*name, table()),
                    "token_url" => options.set(*name, format!("https://h/{text}").as_str()),
                    _ => options.set(*name, text.as_str()),
                };
            }
            let _ = from_options(flow, &mut options, Some(&base()));
        }
    }
}
