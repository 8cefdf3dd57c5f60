//! The settings. All have defaults. A caller's JSON is a patch over them, so that a binding can pass its options on as they are.

mod credentials;
mod provider;

pub use credentials::{
    Credentials, PassKitCredentials, PismoCredentials, PlainCredentials, Wso2Credentials,
};
pub use provider::{
    ApiAuthorization, ClientAuth, ErrorProfile, ExpiresUnit, FaultFormat, GrantType,
    ProviderSettings, SecondLogin, SecretField, TokenForm, UnknownScope,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::provider::Provider;

/// All settings of a sandbox.
///
/// `port`, `foreign_port`, `https_port`, `https` and `client_cert` are used only at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
// The switches are independent of each other and named as in the documentation.
#[allow(clippy::struct_excessive_bools)]
pub struct Settings {
    /// Port of the plain http listener; 0: a free one.
    pub port: u16,
    /// Port of the second listener, which is another origin; 0: a free one.
    pub foreign_port: u16,
    /// Port of the https listener; 0: a free one.
    pub https_port: u16,
    /// Also serve https, with a temporary CA.
    pub https: bool,
    /// Require a client certificate on https.
    pub client_cert: bool,
    /// The `Date` header is this far ahead of the virtual clock, in seconds.
    pub date_skew_secs: i64,
    /// Whether responses carry a `Date` header.
    pub send_date: bool,
    /// Whether requests are journaled. They are always counted.
    pub journal: bool,
    /// How many journal entries are kept.
    pub journal_limit: usize,
    /// The provider whose 401 an unknown token gets on `/api/…`.
    pub default_provider: Provider,
    /// What the providers accept as a login.
    pub credentials: Credentials,
    /// Pismo Passport.
    pub pismo: ProviderSettings,
    /// PassKit.
    pub passkit: ProviderSettings,
    /// WSO2 API Manager.
    pub wso2: ProviderSettings,
    /// A plain RFC 6749 server.
    pub plain: ProviderSettings,
}

impl Settings {
    /// The defaults, changed by `patch`.
    ///
    /// # Errors
    /// A setting is unknown or its value invalid; the error names it.
    pub fn from_json(patch: &Value) -> Result<Self, String> {
        Self::default().patched(patch)
    }

    /// These settings, changed by `patch`; `null` restores a default.
    ///
    /// # Errors
    /// A setting is unknown or its value invalid; the error names it.
    pub fn patched(&self, patch: &Value) -> Result<Self, String> {
        let Value::Object(patch) = patch else {
            return Err("settings must be a JSON object".to_owned());
        };
        let mut current = to_object(self);
        lay_over(&mut current, patch, &to_object(&Self::default()));
        serde_json::from_value(Value::Object(current)).map_err(|error| error.to_string())
    }

    /// The settings of one provider.
    pub fn provider(&self, provider: Provider) -> &ProviderSettings {
        match provider {
            Provider::Pismo => &self.pismo,
            Provider::Passkit => &self.passkit,
            Provider::Wso2 => &self.wso2,
            Provider::Plain => &self.plain,
        }
    }

    /// The settings of one provider, to change them.
    pub fn provider_mut(&mut self, provider: Provider) -> &mut ProviderSettings {
        match provider {
            Provider::Pismo => &mut self.pismo,
            Provider::Passkit => &mut self.passkit,
            Provider::Wso2 => &mut self.wso2,
            Provider::Plain => &mut self.plain,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            foreign_port: 0,
            https_port: 0,
            https: false,
            client_cert: false,
            date_skew_secs: 0,
            send_date: true,
            journal: true,
            journal_limit: 100_000,
            default_provider: Provider::Plain,
            credentials: Credentials::default(),
            pismo: ProviderSettings::pismo(),
            passkit: ProviderSettings::passkit(),
            wso2: ProviderSettings::wso2(),
            plain: ProviderSettings::plain(),
        }
    }
}

fn to_object(settings: &Settings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        // A struct of plain fields always serializes to an object.
        _ => Map::new(),
    }
}

/// As RFC 7396, except that `null` restores a default instead of removing the member, and that `claims` is replaced as a whole: a
/// null in it means to remove that claim.
fn lay_over(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    defaults: &Map<String, Value>,
) {
    for (name, value) in patch {
        match (target.get_mut(name), value, defaults.get(name)) {
            (_, Value::Null, Some(default)) => {
                target.insert(name.clone(), default.clone());
            }
            (Some(Value::Object(inner)), Value::Object(patch), Some(Value::Object(defaults)))
                if !defaults.is_empty() =>
            {
                lay_over(inner, patch, defaults);
            }
            _ => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let settings = Settings::from_json(&json!({"pismo": {"life_secs": 5}})).expect("fits");
        assert_eq!(settings.pismo.life_secs, 5);
        assert_eq!(settings.wso2, Settings::default().wso2);
    }

    #[test]
    fn unknown_names_are_refused_by_name() {
        let error = Settings::from_json(&json!({"pismo": {"lief_secs": 5}})).expect_err("unknown");
        assert!(error.contains("lief_secs"), "{error}");
        let error = Settings::from_json(&json!({"prot": 1})).expect_err("unknown");
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn null_puts_the_default_back() {
        let changed =
            Settings::from_json(&json!({"wso2": {"life_secs": 1, "expires_in": 0}})).expect("fits");
        let restored = changed
            .patched(&json!({"wso2": {"life_secs": null, "expires_in": null}}))
            .expect("fits");
        assert_eq!(restored, Settings::default());
    }

    #[test]
    fn a_claim_can_be_set_to_null_to_remove_it() {
        let settings =
            Settings::from_json(&json!({"pismo": {"claims": {"iat": null}}})).expect("fits");
        assert_eq!(settings.pismo.claims.get("iat"), Some(&Value::Null));
    }
}
