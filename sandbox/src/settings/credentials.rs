//! The credentials that the providers accept. The defaults contain the characters that break concatenated JSON and forms.

use serde::{Deserialize, Serialize};

/// Credentials of all providers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Pismo Passport.
    pub pismo: PismoCredentials,
    /// PassKit.
    pub passkit: PassKitCredentials,
    /// WSO2 API Manager.
    pub wso2: Wso2Credentials,
    /// The plain RFC 6749 server.
    pub plain: PlainCredentials,
}

/// Server-to-server, OpenID and OAuth2 credentials of Pismo Passport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PismoCredentials {
    /// Server-to-server key.
    pub server_key: String,
    /// Server-to-server secret.
    pub server_secret: String,
    /// An account that exists; other accounts are accepted too.
    pub account_id: u64,
    /// `iss` of the OpenID assertion.
    pub issuer: String,
    /// `sub` of the OpenID assertion.
    pub subject: String,
    /// `aud` of the OpenID assertion.
    pub audience: String,
    /// `tenant_id` of the OpenID assertion.
    pub tenant_id: String,
    /// PEM of the key that checks the assertion; null: the one from `/_sandbox/openid-key`.
    pub public_key_pem: Option<String>,
    /// OAuth2 client.
    pub client_id: String,
    /// OAuth2 client secret.
    pub client_secret: String,
}

impl Default for PismoCredentials {
    fn default() -> Self {
        Self {
            server_key: "sandbox-server-key+1".to_owned(),
            server_secret: "p$i&s%m+o;é\"(1)<>[]_?.:@".to_owned(),
            account_id: 123_456_789,
            issuer: "sandbox-issuer".to_owned(),
            subject: "sandbox-subject".to_owned(),
            audience: "https://passport.sandbox.invalid".to_owned(),
            tenant_id: "TN-sandbox".to_owned(),
            public_key_pem: None,
            client_id: "sandbox-client".to_owned(),
            client_secret: "o$a&u%t+h;é2".to_owned(),
        }
    }
}

/// PassKit portal login and API key pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassKitCredentials {
    /// Portal user.
    pub username: String,
    /// Portal password.
    pub password: String,
    /// `uid` of a signed JWT.
    pub api_key: String,
    /// Its HS256 key, as UTF-8 bytes.
    pub api_secret: String,
}

impl Default for PassKitCredentials {
    fn default() -> Self {
        Self {
            username: "sandbox+user@passkit.example".to_owned(),
            password: "p$a&s%s+k;ét\\k\"i".to_owned(),
            api_key: "sandbox-api-key".to_owned(),
            // An HMAC-SHA256 key; PassKit's own secrets are text of about this length.
            api_secret: "a$p&i%k+e;é-and-something-longer".to_owned(),
        }
    }
}

/// Application and user of WSO2 API Manager.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wso2Credentials {
    /// Application key.
    pub consumer_key: String,
    /// Application secret. It must not contain a colon, as in WSO2.
    pub consumer_secret: String,
    /// The whole username, `email@organization`.
    pub username: String,
    /// Its first part.
    pub email: String,
    /// Its last part.
    pub organization: String,
    /// The user's password.
    pub password: String,
}

impl Default for Wso2Credentials {
    fn default() -> Self {
        Self {
            consumer_key: "sandbox_Consumer_Key".to_owned(),
            consumer_secret: "w$s&o%2+c;é".to_owned(),
            username: "john@johns.org@johnsorg".to_owned(),
            email: "john@johns.org".to_owned(),
            organization: "johnsorg".to_owned(),
            password: "w$s&o%2+p;é:=".to_owned(),
        }
    }
}

/// Client and user of the plain server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainCredentials {
    /// Client identifier.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// Resource owner.
    pub username: String,
    /// The owner's password.
    pub password: String,
}

impl Default for PlainCredentials {
    fn default() -> Self {
        Self {
            client_id: "sandbox client/1".to_owned(),
            client_secret: "p$l&a%2Bi+n;é s".to_owned(),
            username: "alice@example.org".to_owned(),
            password: "p$l&a%2Bi+n;é p".to_owned(),
        }
    }
}
