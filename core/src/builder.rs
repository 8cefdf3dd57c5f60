//! A client's configuration. Anything wrong with it is refused here, by the name of the option.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use url::Url;

use crate::client::{Client, Inner};
use crate::error::{Error, Result};
use crate::flow::{self, Flow, IntoFlow};
use crate::http::{self, Http, HttpSettings};
use crate::keeper::{Keeper, RenewalPolicy};
use crate::options::Options;
use crate::origin::{Origin, Origins, check_base, parse_base, plain_base};
use crate::registry;

mod pem;

/// For a whole call: token, attempts and response. Long enough for a slow login, short enough for a caller.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that is not established by then rarely is later.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of one flight while there is no token to serve.
const MAX_ATTEMPTS: u32 = 3;
/// More attempts within one deadline would only be load on a server in trouble.
const MAX_ATTEMPTS_RANGE: RangeInclusive<u32> = 1..=10;

/// The options that every flow takes, by name.
pub const CLIENT_OPTIONS: &[&str] = &[
    "base_url",
    "allowed_origins",
    "auth_scheme",
    "timeout",
    "connect_timeout",
    "ca_file",
    "client_cert",
    "proxy",
    "default_life",
    "soft_window",
    "hard_window",
    "max_attempts",
    "keep_warm",
    "allow_insecure_http",
    "danger_accept_invalid_certs",
    "user_agent",
];

type MakeFlow = Box<dyn FnOnce(Option<&Url>) -> Result<Flow> + Send>;

/// Builds a [`Client`]. Setters check nothing; [`ClientBuilder::build`] checks everything.
pub struct ClientBuilder {
    make_flow: MakeFlow,
    base_url: Option<String>,
    allowed_origins: Vec<String>,
    auth_scheme: String,
    timeout: Duration,
    connect_timeout: Duration,
    ca_file: Option<PathBuf>,
    client_cert: Option<(PathBuf, Option<PathBuf>)>,
    proxy: Option<String>,
    default_life: Option<Duration>,
    soft_window: Option<Duration>,
    hard_window: Option<Duration>,
    max_attempts: u32,
    keep_warm: bool,
    allow_insecure_http: bool,
    danger_accept_invalid_certs: bool,
    user_agent: String,
    /// Where the options come from, such as a file; put before the message of an error.
    pub(crate) place: Option<String>,
}

impl ClientBuilder {
    pub(crate) fn new(flow: impl IntoFlow + Send + 'static) -> Self {
        Self::with(Box::new(move |base_url| flow.into_flow(base_url)))
    }

    fn with(make_flow: MakeFlow) -> Self {
        Self {
            make_flow,
            base_url: None,
            allowed_origins: Vec::new(),
            auth_scheme: "Bearer".to_owned(),
            timeout: TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            ca_file: None,
            client_cert: None,
            proxy: None,
            default_life: None,
            soft_window: None,
            hard_window: None,
            max_attempts: MAX_ATTEMPTS,
            keep_warm: false,
            allow_insecure_http: false,
            danger_accept_invalid_certs: false,
            user_agent: concat!("evertoken/", env!("CARGO_PKG_VERSION")).to_owned(),
            place: None,
        }
    }

    /// The API's URL. Relative URLs are below it, and its origin may receive the token. Default: the provider's own host,
    /// else the origin of the token URL.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// A further origin (scheme, host and port of this URL) that may receive the token. Default: only that of the base URL.
    #[must_use]
    pub fn allow_origin(mut self, url: impl Into<String>) -> Self {
        self.allowed_origins.push(url.into());
        self
    }

    /// The auth-scheme before the token. Default `Bearer` (RFC 6750 §2.1); empty sends the token alone.
    #[must_use]
    pub fn auth_scheme(mut self, scheme: impl Into<String>) -> Self {
        self.auth_scheme = scheme.into();
        self
    }

    /// The deadline of a flight with all its attempts, and of every call that sets none of its own. Default 30 s: long enough
    /// for a slow login, short enough for a caller.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long it may take to establish a connection. Default 5 s: one that is not established by then rarely is later.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// A file of PEM certificates to trust in addition to the platform's and Mozilla's. Default: none.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// A PEM file with a certificate chain; its unencrypted key is in the same file or in `key`. Default: none.
    #[must_use]
    pub fn client_cert(mut self, certificate: impl Into<PathBuf>, key: Option<PathBuf>) -> Self {
        self.client_cert = Some((certificate.into(), key));
        self
    }

    /// The proxy for all requests: an `http`, `https`, `socks5` or `socks5h` URL, which may contain the proxy's credentials.
    /// A SOCKS proxy resolves host names. Default: the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`),
    /// except for this machine.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// The lifetime of a token if the server states none. Default: the provider's (Pismo 10 min), else until it is refused.
    #[must_use]
    pub fn default_life(mut self, life: Duration) -> Self {
        self.default_life = Some(life);
        self
    }

    /// With no more than this lifetime left, a token is renewed in the background while callers still get it. Default 20 % of
    /// its lifetime, at least 5 s and at most 300 s: time for several attempts against a server in trouble.
    #[must_use]
    pub fn soft_window(mut self, window: Duration) -> Self {
        self.soft_window = Some(window);
        self
    }

    /// With no more than this lifetime left, callers wait for the next token. Default 2 % of its lifetime, at least 1 s and at
    /// most 10 s: it covers the time to reach the API and the error of its clock.
    #[must_use]
    pub fn hard_window(mut self, window: Duration) -> Self {
        self.hard_window = Some(window);
        self
    }

    /// Attempts of one flight while there is no token to serve: 1 to 10. Default 3. With a token to serve a flight makes one
    /// attempt, and the next caller starts the next flight.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Renew by timer even without traffic. Default off: an idle program should not keep logging in.
    #[must_use]
    pub fn keep_warm(mut self, on: bool) -> Self {
        self.keep_warm = on;
        self
    }

    /// Allow `http` to hosts other than this machine. Default off: everyone on the network path can read secrets and tokens.
    #[must_use]
    pub fn allow_insecure_http(mut self, on: bool) -> Self {
        self.allow_insecure_http = on;
        self
    }

    /// Accept any certificate. Default off: anyone on the network path can then read the secrets. Prefer [`Self::ca_file`].
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self, on: bool) -> Self {
        self.danger_accept_invalid_certs = on;
        self
    }

    /// The `User-Agent` header. Default: `evertoken/` and the version.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = agent.into();
        self
    }

    /// A builder from named options: those of [`CLIENT_OPTIONS`] and of [`flow::option_names`].
    ///
    /// # Errors
    /// `config_invalid` that names the option at fault, also if it is unknown.
    pub fn from_options(flow_name: &str, mut options: Options) -> Result<Self> {
        let flows_own = flow::option_names(flow_name);
        if flows_own.is_empty() {
            return Err(Error::config(
                "flow",
                format_args!("{flow_name:?} is not a flow"),
            ));
        }
        options.refuse_unknown(&[flows_own, CLIENT_OPTIONS].concat())?;
        let own = take_own(&mut options)?;
        let name = flow_name.to_owned();
        let mut builder = Self::with(Box::new(move |base_url| {
            flow::from_options(&name, &mut options, base_url)
        }));
        own(&mut builder);
        Ok(builder)
    }

    /// Checks the configuration and makes the client. Starts no thread and sends nothing.
    ///
    /// # Errors
    /// `config_invalid` that names the option at fault.
    pub fn build(mut self) -> Result<Client> {
        let place = self.place.take();
        self.checked().map_err(|error| match place {
            Some(place) => error.within(place),
            None => error,
        })
    }

    fn checked(self) -> Result<Client> {
        let given = self
            .base_url
            .as_deref()
            .map(|url| parse_base("base_url", url, self.allow_insecure_http))
            .transpose()?;
        self.check_ranges()?;
        let allowed = self.further_origins()?;
        let settings = self.http_settings()?;
        let flow = (self.make_flow)(given.as_ref())?;
        for (option, url) in flow.secret_urls() {
            check_base(option, url, self.allow_insecure_http)?;
        }
        let base_url = base_url(given, &flow)?;
        let origins = Origin::of(&base_url).into_iter().chain(allowed).collect();
        if self.danger_accept_invalid_certs {
            tracing::warn!(base_url = %base_url.host_str().unwrap_or_default(), "certificates are not checked: anyone on the way can read the secrets");
        }
        let http = http::shared(settings)?;
        let policy = RenewalPolicy {
            transport: Arc::<Http>::clone(&http),
            timeout: self.timeout,
            max_attempts: self.max_attempts,
            default_life_secs: self.default_life.map(|life| life.as_secs_f64()),
            soft_window: self.soft_window,
            hard_window: self.hard_window,
            keep_warm: self.keep_warm,
        };
        Ok(assemble(
            registry::keeper(flow),
            Arc::new(policy),
            http,
            base_url,
            Origins::new(origins),
            self.auth_scheme,
        ))
    }

    fn check_ranges(&self) -> Result<()> {
        check_scheme(&self.auth_scheme)?;
        for (name, duration) in [
            ("timeout", self.timeout),
            ("connect_timeout", self.connect_timeout),
        ] {
            if duration.is_zero() {
                return Err(Error::config(name, "must be more than 0 seconds"));
            }
        }
        if !MAX_ATTEMPTS_RANGE.contains(&self.max_attempts) {
            return Err(Error::config("max_attempts", "must be from 1 to 10"));
        }
        Ok(())
    }

    fn further_origins(&self) -> Result<Vec<Origin>> {
        let mut origins = Vec::new();
        for url in &self.allowed_origins {
            let url = parse_base("allowed_origins", url, self.allow_insecure_http)?;
            origins.extend(Origin::of(&url));
        }
        Ok(origins)
    }

    fn http_settings(&self) -> Result<HttpSettings> {
        let settings = HttpSettings {
            connect_timeout: self.connect_timeout,
            ca_pem: self
                .ca_file
                .as_deref()
                .map(|path| pem::read("ca_file", path))
                .transpose()?,
            client_pem: pem::identity(self.client_cert.as_ref())?,
            proxy: self.proxy.clone(),
            user_agent: self.user_agent.clone(),
            skip_certificate_check: self.danger_accept_invalid_certs,
        };
        settings.check()?;
        Ok(settings)
    }
}

/// The base URL: what was given, else the provider's own host, else the token URL's.
fn base_url(given: Option<Url>, flow: &Flow) -> Result<Url> {
    given
        .or_else(|| flow.default_base_url().cloned())
        .or_else(|| flow.token_url().and_then(|url| url.join("/").ok()))
        .ok_or_else(|| {
            Error::config(
                "base_url",
                "is required: nothing else tells where the token may go",
            )
        })
}

/// Makes a client from its parts; tests pass a keeper of their own.
pub(crate) fn assemble(
    keeper: Arc<Keeper>,
    policy: Arc<RenewalPolicy>,
    http: Arc<Http>,
    base_url: Url,
    origins: Origins,
    scheme: String,
) -> Client {
    if policy.keep_warm {
        keeper.want_warm(&policy);
    }
    Client(Arc::new(Inner {
        keeper,
        policy,
        http,
        apart: ArcSwap::default(),
        base_text: plain_base(&base_url),
        base_url,
        origins,
        scheme,
        closed: AtomicBool::new(false),
        header: ArcSwapOption::empty(),
    }))
}

/// Takes the client's own options out of `options`; what remains is the flow's.
fn take_own(options: &mut Options) -> Result<impl FnOnce(&mut ClientBuilder) + use<>> {
    let base_url = options.take_text("base_url")?;
    let allowed_origins = options.take_list("allowed_origins")?;
    let auth_scheme = options.take_text("auth_scheme")?;
    let timeout = options.take_secs("timeout")?;
    let connect_timeout = options.take_secs("connect_timeout")?;
    let ca_file = options.take_text("ca_file")?;
    let client_cert = options.take_paths("client_cert")?;
    let proxy = options.take_text("proxy")?;
    let default_life = options.take_secs("default_life")?;
    let soft_window = options.take_secs("soft_window")?;
    let hard_window = options.take_secs("hard_window")?;
    let max_attempts = options.take_whole("max_attempts", MAX_ATTEMPTS_RANGE)?;
    let keep_warm = options.take_flag("keep_warm")?;
    let allow_insecure_http = options.take_flag("allow_insecure_http")?;
    let danger_accept_invalid_certs = options.take_flag("danger_accept_invalid_certs")?;
    let user_agent = options.take_text("user_agent")?;
    Ok(move |builder: &mut ClientBuilder| {
        builder.base_url = base_url;
        builder.allowed_origins = allowed_origins.unwrap_or_default();
        builder.ca_file = ca_file.map(PathBuf::from);
        builder.client_cert =
            client_cert.map(|(certificate, key)| (certificate.into(), key.map(PathBuf::from)));
        builder.proxy = proxy;
        builder.default_life = default_life;
        builder.soft_window = soft_window;
        builder.hard_window = hard_window;
        replace(&mut builder.auth_scheme, auth_scheme);
        replace(&mut builder.timeout, timeout);
        replace(&mut builder.connect_timeout, connect_timeout);
        replace(&mut builder.max_attempts, max_attempts);
        replace(&mut builder.keep_warm, keep_warm);
        replace(&mut builder.allow_insecure_http, allow_insecure_http);
        replace(
            &mut builder.danger_accept_invalid_certs,
            danger_accept_invalid_certs,
        );
        replace(&mut builder.user_agent, user_agent);
    })
}

fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// An auth-scheme is a token (RFC 9110 §11.1); empty means the bare token.
fn check_scheme(scheme: &str) -> Result<()> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if scheme.chars().all(token) {
        Ok(())
    } else {
        Err(Error::config("auth_scheme", "must be one word"))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::client::Client;
    use crate::flow::PassKit;

    #[test]
    fn build_names_the_option_that_is_out_of_range() {
        let builder = || Client::builder(PassKit::token("token-1"));
        for (option, builder) in [
            ("timeout", builder().timeout(Duration::ZERO)),
            ("connect_timeout", builder().connect_timeout(Duration::ZERO)),
            ("max_attempts", builder().max_attempts(0)),
            ("max_attempts", builder().max_attempts(11)),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind().code(), "config_invalid");
            assert!(error.message().starts_with(option), "{error}");
        }
    }
}
