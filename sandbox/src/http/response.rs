//! A response, before a fault changes it.

use bytes::Bytes;
use serde_json::Value;

/// Status, headers and body; `Date`, `Content-Length` and `Connection` are added when it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Tokens that this response issues.
    pub(crate) issued: Vec<String>,
    /// Refresh tokens that this response issues.
    pub(crate) issued_refresh: Vec<String>,
    /// Whether this is a login that the client did not need.
    pub(crate) superfluous_login: bool,
    /// Seconds by which `Date` is ahead, when it differs from the setting.
    pub(crate) date_skew_secs: Option<i64>,
    /// Leave `Date` out, whatever the settings say.
    pub(crate) no_date: bool,
}

impl Response {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, "application/json", value.to_string())
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1><hr><center>nginx</center></body></html>\n"
        );
        Self::text(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            ..Self::default()
        }
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// Whether RFC 9110 §6.4.1 lets this status have a body.
    pub(crate) fn may_have_body(&self) -> bool {
        !matches!(self.status, 100..=199 | 204 | 304)
    }

    /// Status line and the given headers, up to but without the blank line.
    pub(crate) fn head(&self, date: Option<&str>) -> String {
        let mut head = String::with_capacity(256);
        head.push_str("HTTP/1.1 ");
        head.push_str(&self.status.to_string());
        head.push(' ');
        head.push_str(reason(self.status));
        head.push_str("\r\n");
        if let Some(date) = date {
            push_header(&mut head, "date", date);
        }
        for (name, value) in &self.headers {
            push_header(&mut head, name, value);
        }
        head
    }
}

/// Appends a header line. Line ends inside a scripted value become spaces, because they would begin another header.
pub(crate) fn push_header(head: &mut String, name: &str, value: &str) {
    head.push_str(name);
    head.push_str(": ");
    head.extend(value.chars().map(|c| {
        if matches!(c, '\r' | '\n' | '\0') {
            ' '
        } else {
            c
        }
    }));
    head.push_str("\r\n");
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
