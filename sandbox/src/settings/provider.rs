//! The settings of one provider. All four have the same struct; a setting that has no meaning for a provider is ignored.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Opaque or signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// A JWT with `iat` and `exp`.
    Jwt,
    /// Random text.
    Opaque,
}

/// What a second login of the same identity returns while the first token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondLogin {
    /// `Same` for opaque tokens, `NewKillsOld` for JWTs: what WSO2 does.
    Auto,
    /// A new token; the old one stays valid.
    New,
    /// The same token, with its remaining seconds.
    Same,
    /// A new token; the old one is revoked.
    NewKillsOld,
}

/// The form in which an API route expects the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiAuthorization {
    /// `Bearer TOKEN`, the scheme in any case (RFC 9110 §11.1).
    Bearer,
    /// `Bearer TOKEN` in exactly this spelling, as some gateways require.
    ExactBearer,
    /// The token alone.
    Raw,
    /// With or without the scheme.
    Both,
}

/// Unit of the lifetime in a token response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresUnit {
    /// Seconds left (RFC 6749 §5.1).
    Seconds,
    /// Milliseconds left.
    Milliseconds,
    /// Unix time in seconds.
    Unix,
    /// Unix time in milliseconds.
    UnixMs,
    /// ISO 8601.
    Iso,
}

/// OAuth2 grant types that can be enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.3.
    Password,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
}

/// Where and how the client's own credentials are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// Basic over the pair as it is.
    BasicRaw,
    /// Basic over the form-encoded pair (RFC 6749 §2.3.1).
    BasicForm,
    /// Basic over the percent-encoded pair.
    BasicPercent,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// What happens to a scope that the server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownScope {
    /// Left out silently, as WSO2 does.
    Drop,
    /// `invalid_scope`.
    Reject,
}

/// The generation of WSO2 API Manager whose errors are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorProfile {
    /// 2.1: XML faults, an expired refresh token is `invalid_request`.
    #[serde(rename = "2.1")]
    V21,
    /// 2.6: JSON faults wrapped in `fault`.
    #[serde(rename = "2.6")]
    V26,
    /// 4.x: flat JSON faults.
    #[serde(rename = "4.x")]
    V4,
}

/// The form in which an API route refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultFormat {
    /// What the provider (and its error profile) does.
    Auto,
    /// `<ams:fault>`.
    Xml,
    /// `{"fault":{"code":900901,…}}`.
    Wrapped,
    /// `{"code":"900901",…}`.
    Flat,
    /// `{"error":{"code":…,"message":…}}`.
    Object,
    /// `{"error":"…"}`.
    Text,
    /// An HTML page.
    Html,
    /// No body.
    Empty,
}

/// Name under which Pismo's secret is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretField {
    /// The newer documentation.
    ServerSecret,
    /// The older documentation.
    SecretKey,
    /// Either, but not both at once.
    Both,
}

/// The settings of one provider. The constructors have the defaults of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
// The switches are independent of each other and named as in the documentation.
#[allow(clippy::struct_excessive_bools)]
pub struct ProviderSettings {
    /// Lifetime of an access token in seconds; -1: never expires, 0: expired when issued.
    pub life_secs: i64,
    /// Status of a successful token response.
    pub status: u16,
    /// JWT or opaque.
    pub token: TokenForm,
    /// Same token or a new one.
    pub second_login: SecondLogin,
    /// `"auto"`, `"absent"`, or any other JSON to be sent as it is.
    pub expires_in: Value,
    /// Dotted path of the lifetime in the response.
    pub expires_field: String,
    /// Its unit.
    pub expires_unit: ExpiresUnit,
    /// Dotted path of the access token, or `header:NAME`.
    pub token_field: String,
    /// Dotted path of the refresh token, or `header:NAME`.
    pub refresh_field: String,
    /// `token_type` as it is sent; empty: none.
    pub token_type: String,
    /// `iat` and `exp` are this far ahead of the virtual clock.
    pub claims_skew_secs: i64,
    /// Claims to add; null removes one.
    pub claims: Map<String, Value>,
    /// The form in which the API expects the token.
    pub authorization: ApiAuthorization,
    /// Whether refresh tokens are issued and accepted.
    pub refresh: bool,
    /// Whether a refresh issues a new refresh token and revokes the old one.
    pub rotation: bool,
    /// Lifetime of a refresh token in seconds; -1: never expires.
    pub refresh_life_secs: i64,
    /// Whether a refresh revokes the old access token at once.
    pub refresh_kills_access: bool,
    /// Whether using a refresh token a second time revokes the whole grant.
    pub reuse_kills_grant: bool,
    /// Whether refresh responses leave `refresh_token` out; the old one stays valid.
    pub omit_refresh: bool,
    /// Enabled grants.
    pub grants: Vec<GrantType>,
    /// Accepted client authentication.
    pub client_auth: Vec<ClientAuth>,
    /// Known scopes; null: all.
    pub scopes: Option<Vec<String>>,
    /// What happens to unknown ones.
    pub unknown_scope: UnknownScope,
    /// Status and error of a wrong user or password.
    pub wrong_password: (u16, String),
    /// WSO2 generation.
    pub error_profile: ErrorProfile,
    /// Form of API refusals.
    pub fault_format: FaultFormat,
    /// Status of the API for an expired token.
    pub expired_status: u16,
    /// WSO2 code for an expired token.
    pub expired_code: u32,
    /// Challenges on an API 401; null: the provider's own.
    pub www_authenticate: Option<Vec<String>>,
    /// Name of Pismo's secret.
    pub secret_field: SecretField,
    /// Whether PassKit's API sends a renewed JWT in `X-Passkit-Token`.
    pub renewed_token_header: bool,
}

impl ProviderSettings {
    /// Pismo Passport: JWTs of 600 s, no refresh, the token with or without `Bearer`.
    pub fn pismo() -> Self {
        Self {
            life_secs: 600,
            token: TokenForm::Jwt,
            authorization: ApiAuthorization::Both,
            refresh: false,
            rotation: false,
            ..Self::plain()
        }
    }

    /// PassKit: JWTs of an hour, or permanent opaque tokens on request.
    pub fn passkit() -> Self {
        Self {
            life_secs: 3600,
            ..Self::pismo()
        }
    }

    /// WSO2 API Manager 4.x in opaque mode.
    pub fn wso2() -> Self {
        Self {
            second_login: SecondLogin::Auto,
            refresh_kills_access: true,
            client_auth: vec![ClientAuth::BasicRaw],
            unknown_scope: UnknownScope::Drop,
            ..Self::plain()
        }
    }

    /// A server that follows RFC 6749.
    pub fn plain() -> Self {
        Self {
            life_secs: 3600,
            status: 200,
            token: TokenForm::Opaque,
            second_login: SecondLogin::New,
            expires_in: Value::from("auto"),
            expires_field: "expires_in".to_owned(),
            expires_unit: ExpiresUnit::Seconds,
            token_field: "access_token".to_owned(),
            refresh_field: "refresh_token".to_owned(),
            token_type: "Bearer".to_owned(),
            claims_skew_secs: 0,
            claims: Map::new(),
            authorization: ApiAuthorization::Bearer,
            refresh: true,
            rotation: true,
            // WSO2's default; other servers have similar ones.
            refresh_life_secs: 86_400,
            refresh_kills_access: false,
            reuse_kills_grant: false,
            omit_refresh: false,
            grants: vec![
                GrantType::Password,
                GrantType::ClientCredentials,
                GrantType::RefreshToken,
            ],
            client_auth: vec![
                ClientAuth::BasicRaw,
                ClientAuth::BasicForm,
                ClientAuth::BasicPercent,
                ClientAuth::Body,
            ],
            scopes: None,
            unknown_scope: UnknownScope::Reject,
            wrong_password: (400, "invalid_grant".to_owned()),
            error_profile: ErrorProfile::V4,
            fault_format: FaultFormat::Auto,
            expired_status: 401,
            expired_code: 900_901,
            www_authenticate: None,
            secret_field: SecretField::ServerSecret,
            renewed_token_header: false,
        }
    }
}
