//! Evertoken: a bearer token that is always valid.
//!
//! A [`Client`] logs in, keeps the token, renews it in time and heals a 401. Callers ask for a token
//! or send a request and never think of tokens again:
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
//! # What a caller can count on
//! - A fresh token is served without a lock, a wait or an allocation.
//! - A token about to expire is served while one background flight renews it; a failed renewal keeps it.
//! - Any number of callers that need a token share one request and its outcome. Dropping a future
//!   leaves the flight to the others.
//! - A 401 leads to at most one renewal and one resend; the second 401 is the answer.
//! - The token goes to pinned origins only, on every redirect hop.
//! - No secret is printed by anything.
//!
//! Clients of equal identity (flow, URL, user, account, scope, secret) in one process share one token.
//! The future of every call needs a tokio runtime with time and I/O; [`blocking`] brings its own.
#![deny(unsafe_code)]

pub mod authorization;
pub mod blocking;
pub mod builder;
pub mod challenge;
pub mod client;
pub mod clock;
mod deadline;
pub mod document;
mod encode;
pub mod error;
pub mod event;
pub mod expiry;
mod flight;
pub mod flow;
mod fork;
mod health;
pub mod http;
pub mod jwt;
mod keeper;
pub mod log;
pub mod options;
pub mod origin;
mod patience;
mod probe;
pub mod profile;
mod random;
pub mod redirect;
mod registry;
mod renewal;
pub mod request;
mod response;
pub mod retry;
pub mod runtime;
pub mod scrub;
pub mod secret;
#[cfg(test)]
mod test_rig;
pub mod token;
pub mod verdict;
mod weak_map;

pub use ::http::{HeaderMap, HeaderValue, Method, StatusCode};

pub use authorization::{Authorization, Freshness, GiveBack, Seen, Verdict};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Stats, Subscription, on_any_event};
pub use keeper::{Standing, State};
pub use options::{OptionValue, Options};
pub use request::RequestBuilder;
pub use response::Response;
pub use secret::Secret;
pub use token::Token;
