//! Checks the way to a server: name, connection, certificate and clock.

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::time::Duration;

use evertoken::{Client, ErrorKind, Options, flow, origin};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::{Host, Url};

use super::report::Report;
use crate::failure::Failure;
use crate::human;

/// The core's default of `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// `Date` has whole seconds, and the response takes time to arrive. A larger difference means a wrong clock.
const SKEW_MAX_SECS: u64 = 30;
/// Variables that name a proxy.
const PROXY_VARIABLES: &[&str] = &["https_proxy", "http_proxy", "all_proxy"];

/// A server to check.
pub(super) struct Server {
    url: Url,
    pub(super) is_for_login: bool,
    pub(super) is_for_api: bool,
}

impl Server {
    /// The login server and the API, one if they are the same.
    pub(super) fn all(token_url: Option<&Url>, base_url: &Url) -> Vec<Self> {
        let mut servers: Vec<Self> = Vec::new();
        for (url, is_for_login) in [(token_url, true), (Some(base_url), false)] {
            let Some(url) = url else { continue };
            match servers
                .iter_mut()
                .find(|one| one.url.origin() == url.origin())
            {
                Some(same) => same.is_for_api |= !is_for_login,
                None => servers.push(Self {
                    url: url.clone(),
                    is_for_login,
                    is_for_api: !is_for_login,
                }),
            }
        }
        servers
    }

    fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Host and port, as they are written in a URL.
    fn shown(&self) -> String {
        format!(
            "{}:{}",
            self.url.host_str().unwrap_or_default(),
            self.port()
        )
    }
}

/// Checks a server. Returns whether it responded.
pub(super) async fn examine(
    client: &Client,
    options: &Options,
    server: &Server,
    report: &mut Report,
) -> Result<bool, Failure> {
    if let Some(proxy) = proxy(options, &server.url) {
        report.skip(
            "tcp",
            &format!(
                "{}: requests go through the proxy of {proxy}",
                server.shown()
            ),
        )?;
    } else {
        let patience = options
            .clone()
            .take_secs("connect_timeout")?
            .unwrap_or(CONNECT_TIMEOUT);
        let Some(addresses) = resolve(server, patience, report).await? else {
            return Ok(false);
        };
        if !connect(server, &addresses, patience, report).await? {
            return Ok(false);
        }
    }
    response(client, server, report).await
}

/// The option or variable that names a proxy, if requests to this URL use one.
fn proxy(options: &Options, url: &Url) -> Option<String> {
    if options.has("proxy") {
        return Some("the option proxy".to_owned());
    }
    if origin::is_loopback(url) {
        return None;
    }
    PROXY_VARIABLES
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.to_ascii_uppercase()])
        .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

async fn resolve(
    server: &Server,
    patience: Duration,
    report: &mut Report,
) -> Result<Option<Vec<SocketAddr>>, Failure> {
    let name = match server.url.host() {
        Some(Host::Domain(name)) => name,
        Some(Host::Ipv4(address)) => return Ok(Some(vec![(address, server.port()).into()])),
        Some(Host::Ipv6(address)) => return Ok(Some(vec![(address, server.port()).into()])),
        None => return Ok(None),
    };
    let hint = "check the spelling in base_url and token_url, and this machine's name servers";
    let looked_up = tokio::time::timeout(patience, tokio::net::lookup_host((name, server.port())));
    let problem = match looked_up.await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            let shown: Vec<_> = addresses.iter().map(|one| one.ip().to_string()).collect();
            report.ok("dns", &format!("{name}: {}", shown.join(", ")))?;
            return Ok(Some(addresses));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no name server answered within {}", human::span(patience)),
    };
    let failure = Failure::new(format!("{name}: {problem}")).with_hint(hint);
    report.fail("dns", failure)?;
    Ok(None)
}

async fn connect(
    server: &Server,
    addresses: &[SocketAddr],
    patience: Duration,
    report: &mut Report,
) -> Result<bool, Failure> {
    let shown = server.shown();
    let failure = match tokio::time::timeout(patience, first_connection(addresses)).await {
        Ok(None) => {
            report.ok("tcp", &shown)?;
            return Ok(true);
        }
        Ok(Some(error)) => Failure::new(format!("{shown}: {error}")).with_hint(
            "check the port, and whether the server runs and is reached only through a proxy",
        ),
        Err(_) => Failure::new(format!(
            "{shown}: no connection within {}",
            human::span(patience)
        ))
        .with_hint("a firewall may stand between; check the address, the VPN and the proxy"),
    };
    report.fail("tcp", failure)?;
    Ok(false)
}

/// Tries all addresses at once, because one that does not respond must not hide one that works. Returns the last error if none
/// works.
async fn first_connection(addresses: &[SocketAddr]) -> Option<std::io::Error> {
    let mut tries = JoinSet::new();
    for &address in addresses {
        tries.spawn(TcpStream::connect(address));
    }
    let mut last = std::io::Error::other("the name has no address");
    while let Some(outcome) = tries.join_next().await {
        match outcome {
            Ok(Ok(_)) => return None,
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Some(last)
}

/// Sends one request without the token: checks the certificate, that the server speaks HTTP, and its clock.
async fn response(client: &Client, server: &Server, report: &mut Report) -> Result<bool, Failure> {
    let is_https = server.url.scheme() == "https";
    let check = if is_https { "tls" } else { "http" };
    let mut root = server.url.clone();
    root.set_path("/");
    root.set_query(None);
    let (status, headers) = match client.probe(&root).await {
        Ok(response) => response,
        Err(error) => {
            let check = if error.kind() == ErrorKind::Tls {
                "tls"
            } else {
                check
            };
            report.fail(check, error.into())?;
            return Ok(false);
        }
    };
    let detail = format!("{} answers", server.shown());
    report.ok(
        check,
        &if is_https {
            format!("{detail}, its certificate is trusted (status {status})")
        } else {
            format!("{detail} without encryption (status {status})")
        },
    )?;
    let Some(date) = flow::server_date(&headers) else {
        report.skip("clock", &format!("{} sends no Date", server.shown()))?;
        return Ok(true);
    };
    let now = human::now_unix_secs();
    let off = human::span(Duration::from_secs(now.abs_diff(date)));
    let standing = match now.cmp(&date) {
        Ordering::Less => format!("{off} behind"),
        Ordering::Equal => "in step with".to_owned(),
        Ordering::Greater => format!("{off} ahead of"),
    };
    let detail = format!("this machine is {standing} {}", server.shown());
    if now.abs_diff(date) <= SKEW_MAX_SECS {
        report.ok("clock", &detail)?;
    } else {
        report.warn(
            "clock",
            &detail,
            "set this machine's clock (NTP); tokens are measured on the server's clock, certificates and signatures are not",
        )?;
    }
    Ok(true)
}
