//! Setters of options: by name, and the common ones with their unit in the name.

use std::ffi::{c_char, c_int};

use crate::boundary::{Outcome, enter};
use crate::config::{Config, evertoken_config};
use crate::ffi::Contract;
use crate::status::evertoken_status;

/// Runs a setter; what fails is kept for `evertoken_client_new`.
///
/// # Safety
/// As [`enter`].
unsafe fn change(
    config: *mut evertoken_config,
    set: impl FnOnce(&Contract, &mut Config) -> Outcome<()>,
) -> evertoken_status {
    // SAFETY: passed on.
    unsafe {
        enter(std::ptr::null_mut(), |contract| {
            let config = contract.get_mut(config, "config")?;
            set(contract, config).inspect_err(|failure| config.keep(failure))
        })
    }
}

/// # Safety
/// As [`enter`].
unsafe fn set_text(
    config: *mut evertoken_config,
    name: &str,
    value: *const c_char,
) -> evertoken_status {
    // SAFETY: passed on.
    unsafe {
        change(config, |contract, config| {
            config.set(name, contract.text(value, name)?);
            Ok(())
        })
    }
}

/// # Safety
/// As [`enter`].
unsafe fn set_duration(
    config: *mut evertoken_config,
    name: &str,
    milliseconds: i64,
) -> evertoken_status {
    // SAFETY: passed on.
    unsafe {
        change(config, |_, config| {
            // Exact for all durations that an option takes; the core refuses what is out of range.
            #[allow(clippy::cast_precision_loss)]
            config.set(name, milliseconds as f64 / 1000.0);
            Ok(())
        })
    }
}

/// Sets a text option by its name, replacing an earlier value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_text(
    config: *mut evertoken_config,
    option: *const c_char,
    value: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            let name = contract.text(option, "option")?;
            config.set(name, contract.text(value, name)?);
            Ok(())
        })
    }
}

/// Sets a number option by its name; durations are seconds, fractions allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_number(
    config: *mut evertoken_config,
    option: *const c_char,
    value: f64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            config.set(contract.text(option, "option")?, value);
            Ok(())
        })
    }
}

/// Switches an option on (any number but 0) or off (0) by its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_flag(
    config: *mut evertoken_config,
    option: *const c_char,
    on: c_int,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            config.set(contract.text(option, "option")?, on != 0);
            Ok(())
        })
    }
}

/// Sets an option that is a list of texts, such as `scope`, by its name. `values` are `count` texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_list(
    config: *mut evertoken_config,
    option: *const c_char,
    values: *const *const c_char,
    count: usize,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            let name = contract.text(option, "option")?;
            let values = contract.slice(values, count, name)?;
            let values = values
                .iter()
                .map(|value| contract.text(*value, name).map(str::to_owned))
                .collect::<Outcome<Vec<_>>>()?;
            config.set(name, values);
            Ok(())
        })
    }
}

/// Sets one entry of an option that is a table of texts by its name: `body` and `extra_headers` of `json_login`,
/// `extra_fields` and `extra_headers` of the OAuth2 flows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_entry(
    config: *mut evertoken_config,
    option: *const c_char,
    key: *const c_char,
    value: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            let name = contract.text(option, "option")?;
            config.put(name, contract.text(key, name)?, contract.text(value, name)?);
            Ok(())
        })
    }
}

/// The API's URL: relative URLs are below it, and its origin may receive the token. Default: the provider's own host, else the token URL's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_base_url(
    config: *mut evertoken_config,
    url: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "base_url", url) }
}

/// A further origin (scheme, host and port of this URL) that may receive the token. May be called several times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_allow_origin(
    config: *mut evertoken_config,
    url: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            config.append("allowed_origins", contract.text(url, "allowed_origins")?);
            Ok(())
        })
    }
}

/// Pismo: the account that the token is limited to. It is part of the token's identity. Default: none, the token is not
/// limited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_account_id(
    config: *mut evertoken_config,
    account_id: i64,
) -> evertoken_status {
    // As a text, which has no limit of exactness.
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |_, config| {
            config.set("account_id", account_id.to_string());
            Ok(())
        })
    }
}

/// The scope to ask for, words separated by spaces (RFC 6749 section 3.3). Default: none, the server decides.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_scope(
    config: *mut evertoken_config,
    scope: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "scope", scope) }
}

/// The auth-scheme before the token, default `Bearer` (RFC 6750 section 2.1); `""` sends the token alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_auth_scheme(
    config: *mut evertoken_config,
    scheme: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "auth_scheme", scheme) }
}

/// Deadline of a login with all its attempts, and of every call that sets none of its own. Default
/// 30000: long enough for a slow login, short enough for a caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_timeout_ms(
    config: *mut evertoken_config,
    timeout_ms: i64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_duration(config, "timeout", timeout_ms) }
}

/// How long it may take to establish a connection. Default 5000: one that is not established by then rarely is later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_connect_timeout_ms(
    config: *mut evertoken_config,
    timeout_ms: i64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_duration(config, "connect_timeout", timeout_ms) }
}

/// The lifetime of a token if the server states none. Default: the provider's (Pismo 600000), else until refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_default_life_ms(
    config: *mut evertoken_config,
    life_ms: i64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_duration(config, "default_life", life_ms) }
}

/// With no more than this lifetime left, a token is renewed in the background while it is still served. Default 20 % of its lifetime, at
/// least 5000 and at most 300000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_soft_window_ms(
    config: *mut evertoken_config,
    window_ms: i64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_duration(config, "soft_window", window_ms) }
}

/// With no more than this lifetime left, callers wait for the next token. Default 2 % of its lifetime, at least 1000 and at most 10000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_hard_window_ms(
    config: *mut evertoken_config,
    window_ms: i64,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_duration(config, "hard_window", window_ms) }
}

/// Attempts of one login while there is no token to serve: 1 to 10, default 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_max_attempts(
    config: *mut evertoken_config,
    attempts: c_int,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |_, config| {
            config.set("max_attempts", f64::from(attempts));
            Ok(())
        })
    }
}

/// A file of PEM certificates to trust in addition to the platform's and Mozilla's. Default: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_ca_file(
    config: *mut evertoken_config,
    path: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "ca_file", path) }
}

/// A PEM file with a certificate chain; its unencrypted key is there (`key_path` NULL) or in a second file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_client_cert(
    config: *mut evertoken_config,
    certificate_path: *const c_char,
    key_path: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        change(config, |contract, config| {
            let mut paths = vec![contract.text(certificate_path, "client_cert")?.to_owned()];
            paths.extend(
                contract
                    .text_or_none(key_path, "client_cert")?
                    .map(str::to_owned),
            );
            config.set("client_cert", paths);
            Ok(())
        })
    }
}

/// The proxy for all requests: an `http`, `https`, `socks5` or `socks5h` URL, which may contain the proxy's
/// credentials. Default: the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) except for this machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_proxy(
    config: *mut evertoken_config,
    url: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "proxy", url) }
}

/// The `User-Agent` header. Default `evertoken/` and the version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_user_agent(
    config: *mut evertoken_config,
    agent: *const c_char,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { set_text(config, "user_agent", agent) }
}

/// Renew by timer even without traffic. Default off: an idle program should not keep logging in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_keep_warm(
    config: *mut evertoken_config,
    on: c_int,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { evertoken_config_set_flag(config, c"keep_warm".as_ptr(), on) }
}

/// Allow http to hosts that are not this machine. Default off: everyone on the network path can read secrets and tokens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_config_set_allow_insecure_http(
    config: *mut evertoken_config,
    on: c_int,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { evertoken_config_set_flag(config, c"allow_insecure_http".as_ptr(), on) }
}
