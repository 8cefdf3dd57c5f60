//! Configurations: one constructor per flow, and the generic one.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::path::Path;

use evertoken::profile::{self, Profile};
use evertoken::{OptionValue, Options, Secret, flow};

use crate::boundary::{Failure, Outcome, enter, on_a_live_thread, release};
use crate::error::evertoken_error;
use crate::ffi::{Contract, Opaque, Owned, hand_over};
use crate::status::evertoken_status;

/// How to log in, and where the token may be sent. Nothing is checked before evertoken_client_new(), whose error names the
/// option at fault.
///
/// The status of a setter may be ignored: the first failure is kept, and evertoken_client_new() reports it.
///
/// Owner: the caller, who frees it with evertoken_config_free(), at the earliest after evertoken_client_new(); it may
/// make several clients. Threads: one at a time.
/// Methods: evertoken_config_new, _profile, _pismo, _passkit, _passkit_token, _wso2, _password, _client_credentials, _json_login;
/// _set_text, _set_number, _set_flag, _set_list, _set_entry; the _set_… of the common options; _free.
pub struct evertoken_config {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_config {
    type Value = Config;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"CONF";
    const NAME: &'static str = "evertoken_config";
}

/// Options as they were set.
pub(crate) struct Config {
    flow: String,
    /// Where the options came from, without them: it is named in messages.
    profile: Option<Profile>,
    options: Options,
    /// Entries added to options that are lists or tables.
    lists: BTreeMap<String, Vec<String>>,
    maps: BTreeMap<String, Vec<(String, Secret)>>,
    /// The first setter that failed: its status and what it said.
    problem: Option<(evertoken_status, String)>,
}

impl Config {
    fn new(flow: &str) -> Self {
        Self {
            flow: flow.to_owned(),
            profile: None,
            options: Options::new(),
            lists: BTreeMap::new(),
            maps: BTreeMap::new(),
            problem: None,
        }
    }

    fn of_profile(mut profile: Profile) -> Self {
        let options = std::mem::take(&mut profile.options);
        Self {
            options,
            profile: Some(profile),
            ..Self::new("")
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OptionValue>) {
        self.lists.remove(name);
        self.maps.remove(name);
        self.options.set(name, value);
    }

    pub(crate) fn append(&mut self, name: &str, entry: &str) {
        self.lists
            .entry(name.to_owned())
            .or_default()
            .push(entry.to_owned());
    }

    pub(crate) fn put(&mut self, name: &str, key: &str, value: &str) {
        let map = self.maps.entry(name.to_owned()).or_default();
        map.retain(|(other, _)| other != key);
        map.push((key.to_owned(), Secret::new(value)));
    }

    pub(crate) fn keep(&mut self, failure: &Failure) {
        if let Failure::Binding(status, message) = failure {
            self.problem.get_or_insert((*status, message.clone()));
        }
    }

    pub(crate) fn client(&self) -> Outcome<evertoken::Client> {
        if let Some((status, message)) = &self.problem {
            return Err(Failure::binding(*status, message.clone()));
        }
        let mut options = self.options.clone();
        for (name, more) in &self.lists {
            let mut list = options.take_list(name)?.unwrap_or_default();
            list.extend_from_slice(more);
            options.set(name, OptionValue::List(list));
        }
        for (name, more) in &self.maps {
            let mut map = options.take_map(name)?.unwrap_or_default();
            map.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
            map.extend_from_slice(more);
            options.set(name, OptionValue::Map(map));
        }
        let builder = match self.profile.clone() {
            Some(mut profile) => {
                profile.options = options;
                profile.builder()?
            }
            None => evertoken::ClientBuilder::from_options(&self.flow, options)?,
        };
        Ok(builder.build()?)
    }
}

/// Makes a configuration of `flow` with these text options; those that are NULL and optional are left out.
///
/// # Safety
/// As [`Contract::promised`].
unsafe fn with_texts(
    flow: &str,
    texts: &[(&str, *const c_char, bool)],
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let make = |contract: &Contract| {
        let out = contract.out(config, "config")?;
        let mut made = Config::new(flow);
        for (name, ptr, required) in texts {
            let text = if *required {
                Some(contract.text(*ptr, name)?)
            } else {
                contract.text_or_none(*ptr, name)?
            };
            if let Some(text) = text {
                made.set(name, text);
            }
        }
        out.write(hand_over(made));
        Ok(())
    };
    // SAFETY: passed on.
    unsafe { enter(error, make) }
}

const REQUIRED: bool = true;
const OPTIONAL: bool = false;

/// A configuration of the flow with this name: `pismo`, `passkit`, `wso2`, `password`, `client_credentials` or
/// `json_login`. All options are set by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_new(
    flow_name: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(config, "config")?;
            let name = contract.text(flow_name, "flow_name")?;
            if flow::option_names(name).is_empty() {
                return Err(flow::from_options(name, &mut Options::new(), None)
                    .map_or_else(Failure::from, |_| Failure::panic()));
            }
            out.write(hand_over(Config::new(name)));
            Ok(())
        })
    }
}

/// The profile `name` of an `evertoken.toml`: the file at `path`, or for NULL the first of `$EVERTOKEN_CONFIG`,
/// `./evertoken.toml` and `evertoken/evertoken.toml` below `$XDG_CONFIG_HOME`. Setters change it further.
///
/// Waits while a command of the profile runs, at most 30 s for each. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_profile(
    name: *const c_char,
    path: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(config, "config")?;
            let name = contract.text(name, "name")?;
            let path = contract.text_or_none(path, "path")?.map(Path::new);
            let profile = on_a_live_thread(|| Ok(profile::load(name, path)?))?;
            out.write(hand_over(Config::of_profile(profile)));
            Ok(())
        })
    }
}

/// Pismo Passport, server to server. `base_url` is the API's URL: `https://sandbox.pismolabs.io`, or the production host that
/// Pismo gives you. See also evertoken_config_set_account_id().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_pismo(
    base_url: *const c_char,
    server_key: *const c_char,
    server_secret: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [
        ("base_url", base_url, REQUIRED),
        ("server_key", server_key, REQUIRED),
        ("server_secret", server_secret, REQUIRED),
    ];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("pismo", &texts, config, error) }
}

/// PassKit with user name and password. `region` is `pub1` (Europe; also for NULL) or `pub2` (USA). In the wrong region the
/// login succeeds but the account's data are missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_passkit(
    region: *const c_char,
    username: *const c_char,
    password: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [
        ("region", region, OPTIONAL),
        ("username", username, REQUIRED),
        ("password", password, REQUIRED),
    ];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("passkit", &texts, config, error) }
}

/// PassKit with a long-lived token pasted from its portal. It cannot be renewed: a 401 is given back. `region` as in
/// evertoken_config_passkit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_passkit_token(
    region: *const c_char,
    token: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [("region", region, OPTIONAL), ("token", token, REQUIRED)];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("passkit", &texts, config, error) }
}

/// A WSO2 gateway, password grant. `token_url` such as `https://gateway:8243/token`; `username` whole
/// (`john@johns.org@johnsorg`), or without the organization and then evertoken_config_set_text(config, "organization", …).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_wso2(
    token_url: *const c_char,
    consumer_key: *const c_char,
    consumer_secret: *const c_char,
    username: *const c_char,
    password: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [
        ("token_url", token_url, REQUIRED),
        ("consumer_key", consumer_key, REQUIRED),
        ("consumer_secret", consumer_secret, REQUIRED),
        ("username", username, REQUIRED),
        ("password", password, REQUIRED),
    ];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("wso2", &texts, config, error) }
}

/// Any OAuth2 server, password grant (RFC 6749 section 4.3). `client_id` and `client_secret` may be NULL if the server needs
/// none. The option `basic` says how they are sent: `form` (default), `percent`, `raw` or `body`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_password(
    token_url: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
    username: *const c_char,
    password: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [
        ("token_url", token_url, REQUIRED),
        ("client_id", client_id, OPTIONAL),
        ("client_secret", client_secret, OPTIONAL),
        ("username", username, REQUIRED),
        ("password", password, REQUIRED),
    ];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("password", &texts, config, error) }
}

/// Any OAuth2 server, client credentials grant (RFC 6749 section 4.4). The option `basic` as in evertoken_config_password().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_client_credentials(
    token_url: *const c_char,
    client_id: *const c_char,
    client_secret: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [
        ("token_url", token_url, REQUIRED),
        ("client_id", client_id, REQUIRED),
        ("client_secret", client_secret, REQUIRED),
    ];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("client_credentials", &texts, config, error) }
}

/// A login with a JSON body that you describe: evertoken_config_set_entry(config, "body", "user", …) for each field, then
/// `token_field`, `expires_field` and the other options of the flow if the defaults do not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_json_login(
    token_url: *const c_char,
    config: *mut *mut evertoken_config,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    let texts = [("token_url", token_url, REQUIRED)];
    // SAFETY: the caller keeps the header's contract.
    unsafe { with_texts("json_login", &texts, config, error) }
}

/// Frees a configuration and wipes its secrets. NULL is a no-op. Clients made from it are not affected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_free(config: *mut evertoken_config) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(config) }
}
