//! A client of a few lines: what it cannot do, a fault cannot hide behind.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use evertoken_sandbox::{Provider, Sandbox, Settings};
use serde_json::{Value, json};

/// A sandbox with these settings.
pub(crate) fn sandbox(patch: &Value) -> Sandbox {
    Sandbox::start(Settings::from_json(patch).unwrap()).unwrap()
}

/// One response.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(url: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        // So that a mistake fails a test instead of hanging it.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) {
        self.write(&request(method, target, headers, body));
    }

    /// Whatever comes until the end.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = std::mem::take(&mut self.buffer);
        let end = self.stream.read_to_end(&mut bytes).map(drop);
        (bytes, end)
    }

    /// The next whole response.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            self.fill()?;
        };
        let head = String::from_utf8(self.buffer[..end].to_vec()).map_err(io::Error::other)?;
        self.buffer.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|text| text.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut reply = Reply {
            status: status.ok_or_else(|| io::Error::other(head.clone()))?,
            headers,
            body: Vec::new(),
        };
        let length: usize = reply
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        while self.buffer.len() < length {
            self.fill()?;
        }
        reply.body = self.buffer.drain(..length).collect();
        Ok(reply)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0_u8; 16384];
        match self.stream.read(&mut piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend_from_slice(&piece[..read]);
                Ok(())
            }
        }
    }
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "{method} {target} HTTP/1.1\r\nhost: sandbox\r\ncontent-length: {}\r\n",
        body.len()
    )
    .into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// Sends one request on a new connection; the response if one came whole.
pub(crate) fn try_send(
    url: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut connection = Connection::open(url);
    connection.request(method, target, headers, body);
    connection.reply()
}

/// Sends one request on a new connection.
pub(crate) fn send(
    url: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    try_send(url, method, target, headers, body).unwrap()
}

/// Everything that comes back for one request, raw.
pub(crate) fn send_raw(
    url: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (Vec<u8>, io::Result<()>) {
    let mut connection = Connection::open(url);
    connection.request(method, target, headers, body);
    connection.rest()
}

pub(crate) fn post_json(url: &str, target: &str, body: &Value) -> Reply {
    send(
        url,
        "POST",
        target,
        &[("content-type", "application/json")],
        body.to_string().as_bytes(),
    )
}

pub(crate) fn post_form(
    url: &str,
    target: &str,
    authorization: Option<&str>,
    fields: &[(&str, &str)],
) -> Reply {
    let body: String = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect::<Vec<_>>()
        .join("&");
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    send(url, "POST", target, &headers, body.as_bytes())
}

pub(crate) fn get(url: &str, target: &str, authorization: &str) -> Reply {
    send(url, "GET", target, &[("authorization", authorization)], b"")
}

/// Percent-encodes everything but letters and digits.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Header and claims of a JWT.
pub(crate) fn decoded(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default())
            .unwrap_or(Value::Null)
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

pub(crate) fn pismo_body(sandbox: &Sandbox) -> Value {
    let known = sandbox.credentials().pismo;
    json!({"server_key": known.server_key, "server_secret": known.server_secret})
}

/// Logs in and returns the response.
pub(crate) fn login(sandbox: &Sandbox, provider: Provider) -> Reply {
    let known = sandbox.credentials();
    match provider {
        Provider::Pismo => post_json(sandbox.url(), provider.token_path(), &pismo_body(sandbox)),
        Provider::Passkit => post_json(
            sandbox.url(),
            provider.token_path(),
            &json!({"username": known.passkit.username, "password": known.passkit.password}),
        ),
        Provider::Wso2 => {
            let fields = [
                ("grant_type", "password"),
                ("username", &known.wso2.username),
                ("password", &known.wso2.password),
            ];
            post_form(
                sandbox.url(),
                provider.token_path(),
                Some(&wso2_client(sandbox)),
                &fields,
            )
        }
        Provider::Plain => {
            let fields = [
                ("grant_type", "password"),
                ("username", &known.plain.username),
                ("password", &known.plain.password),
            ];
            let client = basic(&known.plain.client_id, &known.plain.client_secret);
            post_form(sandbox.url(), provider.token_path(), Some(&client), &fields)
        }
    }
}

/// Logs in and returns the access token.
pub(crate) fn token(sandbox: &Sandbox, provider: Provider) -> String {
    let reply = login(sandbox, provider).json();
    let token = reply
        .get("token")
        .or_else(|| reply.get("access_token"))
        .and_then(Value::as_str);
    token.unwrap_or_else(|| panic!("{reply}")).to_owned()
}

pub(crate) fn wso2_client(sandbox: &Sandbox) -> String {
    let known = sandbox.credentials().wso2;
    basic(&known.consumer_key, &known.consumer_secret)
}

pub(crate) fn refresh(sandbox: &Sandbox, provider: Provider, refresh_token: &str) -> Reply {
    let known = sandbox.credentials();
    let client = match provider {
        Provider::Wso2 => wso2_client(sandbox),
        _ => basic(&known.plain.client_id, &known.plain.client_secret),
    };
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    post_form(sandbox.url(), provider.token_path(), Some(&client), &fields)
}
