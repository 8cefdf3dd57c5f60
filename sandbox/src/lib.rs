//! The three token providers (Pismo Passport, PassKit and WSO2 API Manager) and a plain RFC 6749 server on loopback, with every fault
//! that a client has to handle, a virtual clock, and a journal without secrets. For tests in any language, and for demonstrations.
//!
//! It shares no code with the client core, so that a misunderstanding in one shows in the other. The README lists every setting,
//! fault and control route.
//!
//! ```
//! use evertoken_sandbox::{Sandbox, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start(Settings::from_json(&serde_json::json!({"pismo": {"life_secs": 60}}))?)?;
//! sandbox.advance(60)?;
//! assert_eq!(sandbox.counts()?["total"]["requests"], 0);
//! # Ok(())
//! # }
//! ```

mod clock;
mod control;
mod counts;
mod digest;
mod exchange;
mod expect;
mod fault;
mod http;
mod journal;
mod jwt;
mod ledger;
mod loopback;
mod provider;
mod redact;
mod sandbox;
mod script;
mod server;
mod settings;
mod state;
mod template;
mod tls;
mod wire;

pub use control::ControlError;
pub use fault::{Fault, FaultAction, Kill, ResetPoint};
pub use provider::Provider;
pub use sandbox::Sandbox;
pub use settings::{
    ApiAuthorization, ClientAuth, Credentials, ErrorProfile, ExpiresUnit, FaultFormat, GrantType,
    PassKitCredentials, PismoCredentials, PlainCredentials, ProviderSettings, SecondLogin,
    SecretField, Settings, TokenForm, UnknownScope, Wso2Credentials,
};
