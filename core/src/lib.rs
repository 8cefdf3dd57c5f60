//! Evertoken: a bearer token that is always valid.
//!
//! A [`Client`] logs in, keeps the token, renews it in time and recovers from a 401. Callers ask for a token
//! or send a request and need not think about tokens:
//!
//! ```no_run
//! use evertoken::flow::Pismo;
//! use evertoken::{Client, Method};
//!
//! # async fn example() -> evertoken::Result<()> {
//! let client = Client::builder(Pismo::new("key", "secret").account_id(123))
//!     .base_url("https://sandbox.pismolabs.io")
//!     .build()?;
//! let token = client.token().await?;
//! let mut response = client.request(Method::GET, "/accounts/123").send().await?;
//! println!("{} {:?}", response.status(), response.bytes().await?);
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//! - A fresh token is served without a lock, a wait or an allocation.
//! - A token that is about to expire is served while one background flight (a token request and its retries) renews
//!   it. If the renewal fails, the old token stays in use.
//! - Any number of callers that need a token share one flight and its outcome. Dropping one caller's future does not
//!   cancel the flight; dropping a request's future aborts that request only.
//! - A 401 leads to at most one renewal and one resend; a second 401 is returned.
//! - The token is sent to pinned origins only, on every redirect hop.
//! - Neither `Debug` output, nor errors, nor log lines contain a secret.
//!
//! Clients with the same identity (flow, URL, user, account, scope, secret) in one process share one token.
//! The future of every call needs a tokio runtime with time and I/O enabled; [`blocking`] needs none.
#![deny(unsafe_code)]

pub mod authorization;
pub mod blocking;
pub mod builder;
pub mod client;
pub mod error;
pub mod event;
pub mod flow;
pub mod http;
pub mod options;
pub mod profile;
pub mod request;
pub mod secret;
pub mod token;
pub mod verdict;

// For the bindings, the command line and the fuzzers. Like everything else that is hidden from the documentation, this
// is not part of the public interface: any release may change it.
#[doc(hidden)]
pub mod challenge;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod document;
#[doc(hidden)]
pub mod expiry;
#[doc(hidden)]
pub mod jwt;
#[doc(hidden)]
pub mod log;
#[doc(hidden)]
pub mod origin;
#[doc(hidden)]
pub mod redirect;
#[doc(hidden)]
pub mod retry;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
pub mod scrub;

mod deadline;
mod encode;
#[cfg(unix)]
mod executor;
#[cfg(not(unix))]
#[path = "executor_portable.rs"]
mod executor;
mod flight;
mod fork;
mod health;
mod keep_warm;
mod keeper;
mod probe;
mod random;
mod read_timeout;
mod registry;
mod renewal;
mod response;
mod target;
#[cfg(test)]
mod test_rig;
mod weak_map;

pub use ::http::{HeaderMap, HeaderValue, Method, StatusCode};

#[doc(hidden)]
pub use authorization::Freshness;
#[doc(inline)]
pub use authorization::{Authorization, GiveBack, ResponseFacts, Verdict};
#[doc(inline)]
pub use builder::ClientBuilder;
#[doc(inline)]
pub use client::Client;
#[doc(inline)]
pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use event::{Event, EventKind, Stats, Subscription, Via, on_any_event};
pub use keeper::{Standing, State};
#[doc(inline)]
pub use options::{OptionValue, Options};
#[doc(inline)]
pub use request::RequestBuilder;
pub use response::Response;
#[doc(inline)]
pub use secret::Secret;
#[doc(inline)]
pub use token::Token;
