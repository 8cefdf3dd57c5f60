//! Configurations: every constructor and every setter.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io::Write as _;
use std::sync::LazyLock;

use evertoken_c_rlib::client::{
    evertoken_client_free, evertoken_client_identity, evertoken_client_new,
};
use evertoken_c_rlib::config::{
    evertoken_config, evertoken_config_client_credentials, evertoken_config_free,
    evertoken_config_json_login, evertoken_config_new, evertoken_config_passkit,
    evertoken_config_passkit_token, evertoken_config_password, evertoken_config_pismo,
    evertoken_config_profile, evertoken_config_wso2,
};
use evertoken_c_rlib::config_options as set;
use evertoken_c_rlib::status::{
    evertoken_status, evertoken_status_is_retryable, evertoken_status_str,
};

use super::handle::{Owned, made, settled, text};
use crate::fields::{self, Fields};
use crate::promise::{self, SECRET, holds};

type Config = *mut evertoken_config;

/// Setters of one text.
const TEXTS: &[unsafe extern "C" fn(Config, *const c_char) -> evertoken_status] = &[
    set::evertoken_config_set_base_url,
    set::evertoken_config_allow_origin,
    set::evertoken_config_set_scope,
    set::evertoken_config_set_auth_scheme,
    set::evertoken_config_set_proxy,
    set::evertoken_config_set_user_agent,
];

/// Setters of one whole number.
const NUMBERS: &[unsafe extern "C" fn(Config, i64) -> evertoken_status] = &[
    set::evertoken_config_set_account_id,
    set::evertoken_config_set_timeout_ms,
    set::evertoken_config_set_connect_timeout_ms,
    set::evertoken_config_set_default_life_ms,
    set::evertoken_config_set_soft_window_ms,
    set::evertoken_config_set_hard_window_ms,
];

/// Setters of one small number.
const INTS: &[unsafe extern "C" fn(Config, c_int) -> evertoken_status] = &[
    set::evertoken_config_set_max_attempts,
    set::evertoken_config_set_keep_warm,
    set::evertoken_config_set_allow_insecure_http,
];

/// Options that name files: what a fuzzer writes there must not be opened.
const PATHS: &[&[u8]] = &[b"ca_file", b"client_cert"];

const PROFILE: &str = "[profiles.a]\nflow = \"pismo\"\nbase_url = \"https://api.example\"\nserver_key = \"k\"\nserver_secret = \"s3cret\"\n";

/// A file with one profile, for as long as the process lives.
static FILE: LazyLock<CString> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("evertoken-fuzz-{}.toml", std::process::id()));
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(PROFILE.as_bytes()).expect("written");
    fields::text(path.as_os_str().as_encoded_bytes())
});

/// A field that begins with a digit for the constructor, and its texts; then for each setter a letter with a digit, and
/// what it takes. Secrets begin with one that must never come out.
pub fn config(data: &[u8]) {
    if holds(data, SECRET.as_bytes()) {
        return;
    }
    let mut fields = Fields::new(data);
    let Ok(config) = construct(&mut fields) else {
        return;
    };
    while let Some(op) = fields.next() {
        change(config.ptr(), op, &mut fields);
    }
    // SAFETY: the configuration is alive.
    let client = made(evertoken_client_free, |out, error| unsafe {
        evertoken_client_new(config.ptr(), out, error)
    });
    if let Ok(client) = client {
        let mut len = 0;
        // SAFETY: the client is alive, and so is its text.
        let identity = unsafe { text(evertoken_client_identity(client.ptr(), &raw mut len)) };
        let identity = identity.expect("an identity");
        promise::fit_for_a_log(identity);
        assert_eq!(identity.len(), len);
    }
}

fn secret(fields: &mut Fields<'_>) -> CString {
    let rest = fields.text();
    fields::text(&[SECRET.as_bytes(), rest.as_bytes()].concat())
}

fn construct(fields: &mut Fields<'_>) -> Result<Owned<evertoken_config>, evertoken_status> {
    let which = fields.next().unwrap_or_default();
    let texts = [fields.text(), fields.text(), fields.text()];
    let [a, b, c] = [texts[0].as_ptr(), texts[1].as_ptr(), texts[2].as_ptr()];
    let (one, two) = (secret(fields), secret(fields));
    let (one, two) = (one.as_ptr(), two.as_ptr());
    // SAFETY: texts ended by NUL, and outputs of this process.
    made(evertoken_config_free, |out, error| unsafe {
        match which.first() {
            Some(b'0') => evertoken_config_pismo(a, b, one, out, error),
            Some(b'1') => evertoken_config_passkit(a, b, one, out, error),
            Some(b'2') => evertoken_config_passkit_token(a, one, out, error),
            Some(b'3') => evertoken_config_wso2(a, b, one, c, two, out, error),
            Some(b'4') => evertoken_config_password(a, b, one, c, two, out, error),
            Some(b'5') => evertoken_config_client_credentials(a, b, one, out, error),
            Some(b'6') => evertoken_config_json_login(a, out, error),
            Some(b'7') => evertoken_config_profile(a, FILE.as_ptr(), out, error),
            _ => evertoken_config_new(a, out, error),
        }
    })
}

fn change(config: Config, op: &[u8], fields: &mut Fields<'_>) {
    let (letter, digit) = (
        op.first().copied().unwrap_or(0),
        usize::from(op.get(1).copied().unwrap_or(0)),
    );
    // SAFETY: the configuration is alive, and the texts are ended by NUL.
    let status = unsafe {
        match letter {
            b't' => {
                let (name, value) = (fields.text(), fields.text());
                let value = value_of(&name, &value);
                set::evertoken_config_set_text(config, name.as_ptr(), value.as_ptr())
            }
            b'l' => {
                let name = fields.text();
                let values: Vec<CString> = (0..digit % 4).map(|_| fields.text()).collect();
                let values: Vec<CString> =
                    values.iter().map(|value| value_of(&name, value)).collect();
                let values: Vec<*const c_char> = values.iter().map(|text| text.as_ptr()).collect();
                set::evertoken_config_set_list(config, name.as_ptr(), values.as_ptr(), values.len())
            }
            b'e' => {
                let (name, key, value) = (fields.text(), fields.text(), secret(fields));
                set::evertoken_config_set_entry(config, name.as_ptr(), key.as_ptr(), value.as_ptr())
            }
            b'n' => {
                let name = fields.text();
                let number = fields
                    .text()
                    .to_str()
                    .ok()
                    .and_then(|text| text.parse().ok());
                set::evertoken_config_set_number(config, name.as_ptr(), number.unwrap_or(f64::NAN))
            }
            b'f' => {
                let (name, on) = (fields.text(), fields.number());
                set::evertoken_config_set_flag(config, name.as_ptr(), small(on))
            }
            b's' => TEXTS[digit % TEXTS.len()](config, fields.text().as_ptr()),
            b'i' => NUMBERS[digit % NUMBERS.len()](config, fields.number()),
            b'c' => INTS[digit % INTS.len()](config, small(fields.number())),
            b'p' => {
                let path = absent(&fields.text());
                set::evertoken_config_set_ca_file(config, path.as_ptr())
            }
            b'q' => {
                let (one, two) = (absent(&fields.text()), absent(&fields.text()));
                set::evertoken_config_set_client_cert(config, one.as_ptr(), two.as_ptr())
            }
            _ => evertoken_status::EVERTOKEN_OK,
        }
    };
    settled(status);
    let number = small(fields.number());
    // SAFETY: a static text.
    let known = unsafe { CStr::from_ptr(evertoken_status_str(number)) };
    assert!(!known.is_empty());
    assert!(!evertoken_status_is_retryable(number) || known != c"unknown_status");
}

fn small(number: i64) -> c_int {
    c_int::try_from(number).unwrap_or(c_int::MIN)
}

/// The value as given; a secret where the option is one, and no path that is there.
fn value_of(name: &CStr, value: &CStr) -> CString {
    const SECRETS: &[&[u8]] = &[b"secret", b"password", b"token", b"code"];
    let name = name.to_bytes();
    if PATHS.contains(&name) {
        return absent(value);
    }
    let is_secret = SECRETS.iter().any(|end| name.ends_with(end));
    let before = if is_secret { SECRET } else { "" };
    fields::text(&[before.as_bytes(), value.to_bytes()].concat())
}

/// A path where nothing is.
fn absent(path: &CStr) -> CString {
    fields::text(&[b"/dev/null/", path.to_bytes()].concat())
}
