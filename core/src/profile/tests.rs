use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::locate::{self, Found};
use super::{Reference, load_from, parse};
use crate::options::Options;

const PISMO: &str = r#"
[profiles.pismo]
flow = "pismo"
base_url = "https://sandbox.pismolabs.io"
server_key = "key"
server_secret = { env = "SECRET" }
account_id = 9007199254740993
timeout = 2.5
max_attempts = 2
keep_warm = true
allowed_origins = ["https://a.example", "https://b.example"]
ca_file = "ca.pem"
client_cert = ["/etc/cert.pem", "key.pem"]

[profiles.login]
flow = "json_login"
token_url = "https://as.example/login"
body = { username = "alice", password = { env = "SECRET" } }
"#;

fn found(text: &str) -> Found {
    Found {
        shown: "evertoken.toml".to_owned(),
        directory: PathBuf::from("/profiles"),
        text: text.to_owned().into(),
        is_world_readable: false,
    }
}

fn env(name: &str) -> Option<OsString> {
    (name == "SECRET").then(|| "hunter2".into())
}

fn profile(name: &str, text: &str) -> super::Result<super::Profile> {
    load_from(name, &found(text), &env)
}

fn problem(name: &str, text: &str) -> String {
    let error = profile(name, text).unwrap_err();
    assert_eq!(error.kind().code(), "config_invalid");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    error.message().to_owned()
}

/// One profile `p` of the flow pismo with these lines.
fn with(lines: &str) -> String {
    format!("[profiles.p]\nflow = \"pismo\"\n{lines}\n")
}

fn text(options: &mut Options, name: &str) -> Option<String> {
    options.take_text(name).unwrap()
}

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("evertoken-profile-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_shape_of_option_arrives_under_its_name() {
    let mut profile = profile("pismo", PISMO).unwrap();
    assert_eq!(profile.flow, "pismo");
    assert_eq!(profile.warnings, Vec::<String>::new());
    let options = &mut profile.options;
    for (name, expected) in [
        ("server_key", "key"),
        ("server_secret", "hunter2"),
        ("account_id", "9007199254740993"),
        ("ca_file", "/profiles/ca.pem"),
    ] {
        assert_eq!(text(options, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(
        options.take_secs("timeout").unwrap(),
        Some(Duration::from_millis(2500))
    );
    assert_eq!(options.take_whole("max_attempts", 1..=10).unwrap(), Some(2));
    assert_eq!(options.take_flag("keep_warm").unwrap(), Some(true));
    assert_eq!(
        options.take_list("allowed_origins").unwrap().unwrap(),
        ["https://a.example", "https://b.example"]
    );
    assert_eq!(
        options.take_paths("client_cert").unwrap().unwrap(),
        (
            "/etc/cert.pem".to_owned(),
            Some("/profiles/key.pem".to_owned())
        )
    );
}

#[test]
fn a_table_option_holds_texts_and_references() {
    let mut profile = profile("login", PISMO).unwrap();
    let body = profile.options.take_map("body").unwrap().unwrap();
    let body: Vec<_> = body
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()))
        .collect();
    assert_eq!(body, [("password", "hunter2"), ("username", "alice")]);
}

#[test]
fn a_profile_makes_a_client_and_what_is_wrong_says_where() {
    let text = PISMO.lines().filter(|line| !line.contains(".pem"));
    let text = text.collect::<Vec<_>>().join("\n");
    let client = profile("pismo", &text).unwrap().builder().unwrap().build();
    assert_eq!(
        client.unwrap().base_url().as_str(),
        "https://sandbox.pismolabs.io/"
    );
    for (line, message) in [
        (
            "timeout = \"soon\"",
            "evertoken.toml: profile \"p\": timeout: must be a number, not a string",
        ),
        (
            "server_key = \"k\"\nserver_secret = { env = \"SECRET\" }",
            "evertoken.toml: profile \"p\": base_url: is required",
        ),
    ] {
        let builder = profile("p", &with(line)).unwrap().builder();
        let error = builder.and_then(super::ClientBuilder::build).unwrap_err();
        assert!(error.message().starts_with(message), "{error}");
    }
}

#[test]
fn mistakes_are_named_with_file_profile_and_field() {
    let shape = "must be a string, or one of";
    for (text, message) in [
        ("[profiles.p]", "flow: is required; must be one of pismo"),
        (
            "[profiles.p]\nflow = \"pismoo\"",
            "flow: must be one of pismo",
        ),
        ("[profiles.p]\nflow = 7", "flow: must be one of pismo"),
        ("[profiles]\np = 7", "must be a table"),
        (&with("base_ulr = \"x\""), "did you mean base_url?"),
        (&with("username = \"x\""), "username: is not an option here"),
        (&with("server_secret = {}"), shape),
        (
            &with("server_secret = { env = \"SECRET\", file = \"b\" }"),
            shape,
        ),
        (&with("server_secret = { environment = \"SECRET\" }"), shape),
        (&with("server_secret = { env = 7 }"), shape),
        (&with("server_secret = { env = \"A=B\" }"), "env must be"),
        (&with("server_secret = { file = \"\" }"), "file must be"),
        (
            &with("server_secret = { command = \"pass show pismo\" }"),
            "there is no shell",
        ),
        (
            &with("server_secret = { command = [] }"),
            "there is no shell",
        ),
        (
            &with("server_secret = { command = [\"pass\", 7] }"),
            "there is no shell",
        ),
        (
            &with("server_secret = { env = \"ABSENT\" }"),
            "server_secret: the environment variable ABSENT is not set",
        ),
        (
            &with("server_secret = { file = \"absent\" }"),
            "server_secret: the file absent cannot be read: ",
        ),
        (
            &with("server_secret = { command = [\"evertoken-no-such-program\", \"hunter2\"] }"),
            "server_secret: the command evertoken-no-such-program cannot be run",
        ),
        (&with("allowed_origins = [7]"), "allowed_origins: "),
        (&with("timeout = 1979-05-27"), "timeout: must not be a date"),
        (
            &with("extra_fields = { a = 7 }"),
            "extra_fields.a: must be a string or a reference",
        ),
    ] {
        let told = problem("p", text);
        assert!(
            told.starts_with("evertoken.toml: profile \"p\": "),
            "{told}"
        );
        assert!(told.contains(message), "{told}\nexpected {message}");
    }
}

#[test]
fn a_file_that_is_no_list_of_profiles_is_refused_without_quoting_it() {
    for (text, message) in [
        (
            "[profiles.p]\nflow = \"pismo\"\nserver_secret = hunter2\n",
            "evertoken.toml: line 3: ",
        ),
        (
            "[profiles.p]\nflow = \"a\"\nflow = \"hunter2\"",
            "evertoken.toml: line 3: ",
        ),
        (
            "[profiles.p]\nserver_secret = \"hunter2",
            "evertoken.toml: line 2: ",
        ),
        ("hunter2", "evertoken.toml: line 1: "),
        ("[profile.p]", "evertoken.toml: profile: is not known here"),
        ("profiles = 7", "evertoken.toml: profiles: must be a table"),
        (
            "",
            "evertoken.toml: there is no profile \"p\", and no other",
        ),
        (
            PISMO,
            "evertoken.toml: there is no profile \"p\"; there are: login, pismo",
        ),
    ] {
        let told = problem("p", text);
        assert!(told.starts_with(message), "{told}\nexpected {message}");
    }
}

#[test]
fn secrets_in_clear_draw_a_warning_that_names_them() {
    let text = "[profiles.p]\nflow = \"password\"\nclient_secret = \"hunter2\"\nclient_id = \"id\"\npassword = { env = \"SECRET\" }\nextra_fields = { audience = \"a\", api_key = \"hunter2\", pin_token = { env = \"SECRET\" } }\n";
    let quiet = profile("p", text).unwrap();
    assert_eq!(
        quiet.warnings,
        [
            "evertoken.toml: profile \"p\": client_secret is a secret in clear; refer to it with env, file or command",
            "evertoken.toml: profile \"p\": extra_fields.api_key is a secret in clear; refer to it with env, file or command",
        ]
    );
    let open = Found {
        is_world_readable: true,
        ..found(text)
    };
    let warnings = load_from("p", &open, &env).unwrap().warnings;
    assert_eq!(warnings.len(), 3);
    assert!(warnings[2].contains("every user of this machine can read it"));
    // Nothing secret in it: everybody may read it.
    let open = Found {
        is_world_readable: true,
        ..found(PISMO)
    };
    assert!(load_from("login", &open, &env).unwrap().warnings.is_empty());
    assert!(!format!("{quiet:?}").contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn references_are_followed() {
    let folder = Folder::new("followed");
    for (name, content) in [
        ("unix", "hunter2\n"),
        ("windows", "hunter2\r\n"),
        ("marked", "\u{FEFF}hunter2\r\n"),
        ("bare", "hunter2"),
        ("empty", ""),
        ("two", "hunter2\n\n"),
    ] {
        folder.write(name, content);
    }
    folder.write("binary", [0xff, 0xfe]);
    folder.write("huge", vec![b'a'; 65 * 1024]);
    let command =
        |argv: &[&str]| Reference::Command(argv.iter().map(|word| (*word).to_owned()).collect());
    let file = |path: &str| Reference::File(path.to_owned());
    let cases = [
        (Reference::Env("SECRET".to_owned()), Ok("hunter2")),
        (file("unix"), Ok("hunter2")),
        (file("windows"), Ok("hunter2")),
        (file("marked"), Ok("hunter2")),
        (file("bare"), Ok("hunter2")),
        (file("two"), Ok("hunter2\n")),
        (file("empty"), Ok("")),
        (file("binary"), Err("not UTF-8")),
        (file("huge"), Err("more than 65536 bytes")),
        (file("."), Err("the file . cannot be read: ")),
        (command(&["printf", "%s", "$HOME; a b"]), Ok("$HOME; a b")),
        (command(&["echo", "hunter2"]), Ok("hunter2")),
        (command(&["sh", "-c", "cat"]), Ok("")),
        (
            command(&["sh", "-c", "echo hunter2; exit 3"]),
            Err("the command sh failed with exit status: 3"),
        ),
        (
            command(&["sh", "-c", "kill -9 $$"]),
            Err("the command sh failed with signal: 9"),
        ),
        (
            command(&["head", "-c", "70000", "/dev/zero"]),
            Err("more than 65536 bytes"),
        ),
    ];
    for (reference, expected) in cases {
        let value = reference.resolve_with(&folder.0, &env, Duration::from_secs(30));
        match (value, expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value.expose(), expected, "{reference}"),
            (Err(problem), Err(expected)) => {
                assert!(problem.contains(expected), "{problem}");
                assert!(!problem.contains("hunter2"), "{problem}");
            }
            (value, expected) => panic!("{reference}: {value:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn a_commands_arguments_are_not_shown() {
    let reference = Reference::Command(vec!["vault".to_owned(), "hunter2".to_owned()]);
    assert_eq!(
        format!("{reference:?} {reference}"),
        "Reference(the command vault) the command vault"
    );
}

#[cfg(unix)]
#[test]
fn a_command_that_does_not_end_is_ended() {
    let command = |line: &str| {
        Reference::Command(["sh", "-c", line].map(str::to_owned).to_vec())
            .resolve_with(&PathBuf::new(), &env, Duration::from_millis(1))
            .unwrap_err()
    };
    for line in ["exec sleep 1000", "exec >&-; exec sleep 1000"] {
        assert_eq!(command(line), "the command sh did not end within 0 s");
    }
}

#[test]
fn the_first_file_of_the_search_order_is_read() {
    let folder = Folder::new("order");
    let named = folder.write("named.toml", "named");
    let from_variable = folder.write("variable.toml", "variable");
    folder.write("xdg/evertoken/evertoken.toml", "xdg");
    folder.write("home/.config/evertoken/evertoken.toml", "home");
    let mut variables: HashMap<&str, OsString> = HashMap::from([
        ("EVERTOKEN_CONFIG", from_variable.into_os_string()),
        ("XDG_CONFIG_HOME", folder.0.join("xdg").into_os_string()),
        ("HOME", folder.0.join("home").into_os_string()),
    ]);
    let mut find = |path: Option<&PathBuf>, remove: &str| {
        variables.remove(remove);
        locate::find(path.map(PathBuf::as_path), &|name| {
            variables.get(name).cloned()
        })
        .map(|found| found.text.to_string())
        .map_err(|error| error.message().to_owned())
    };
    assert_eq!(find(Some(&named), "").unwrap(), "named");
    assert_eq!(find(None, "").unwrap(), "variable");
    assert_eq!(find(None, "EVERTOKEN_CONFIG").unwrap(), "xdg");
    assert_eq!(find(None, "XDG_CONFIG_HOME").unwrap(), "home");
    assert!(find(None, "HOME").unwrap_err().contains("EVERTOKEN_CONFIG"));
    let absent = folder.0.join("absent.toml");
    assert!(find(Some(&absent), "").unwrap_err().contains("absent.toml"));
}

#[test]
fn a_variable_that_names_an_absent_file_is_told() {
    let told = locate::find(None, &|name| {
        (name == "EVERTOKEN_CONFIG").then(|| "no-such-file.toml".into())
    });
    let told = told.err().unwrap();
    assert!(
        told.message()
            .starts_with("EVERTOKEN_CONFIG: no-such-file.toml: cannot be read"),
        "{told}"
    );
}

/// TOML, or nearly so.
fn lines() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("\"hunter2\"".to_owned()),
        Just("{ env = \"SECRET\" }".to_owned()),
        Just("{ env = 1, x = [] }".to_owned()),
        Just("{ a = { command = [] }, password = \"hunter2\" }".to_owned()),
        Just("[[1], \"a\"]".to_owned()),
        "[-+0-9_.e:TZ]{1,12}",
        any::<String>(),
    ];
    let name = prop_oneof![
        Just("flow = \"json_login\"\nbody".to_owned()),
        Just("timeout".to_owned()),
        "[a-z_.]{1,12}",
        any::<String>(),
    ];
    proptest::collection::vec((name, value), 0..5).prop_map(|lines| {
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        lines.join("\n")
    })
}

proptest! {
    #[test]
    fn no_text_panics_or_leaks(anything in any::<String>(), lines in lines()) {
        for text in [anything, format!("[profiles.p]\nflow = \"pismo\"\n{lines}"), format!("[profiles.p]\n{lines}")] {
            let shown = format!("{:?}", parse::profile("p", &text));
            prop_assert!(!shown.contains("hunter2") || !text.contains("\"hunter2\""), "{}", shown);
            let _ = parse::profiles(&text);
        }
    }
}
