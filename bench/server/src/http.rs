//! The little of HTTP/1.1 that clients of an API use.

/// One request in a connection's buffer.
pub struct Request<'a> {
    /// The path and the query.
    pub target: &'a str,
    /// The `Authorization` header's value, empty if absent.
    pub authorization: &'a [u8],
    /// The `Host` header's value, empty if absent.
    pub host: &'a str,
    /// How many bytes of the buffer it takes, body included.
    pub length: usize,
}

/// What a buffer holds so far.
pub enum Parsed<'a> {
    /// A whole request, perhaps followed by another.
    Request(Request<'a>),
    /// The beginning of one.
    Partial,
    /// Something else.
    Malformed,
}

/// Reads the first request of `input`. A body is skipped: it needs a `Content-Length`.
pub fn parse(input: &[u8]) -> Parsed<'_> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(input) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Malformed,
    };
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map_or(&[][..], |header| header.value)
    };
    let Ok(body) = text(header("content-length"))
        .parse::<usize>()
        .or_else(|error| {
            header("content-length")
                .is_empty()
                .then_some(0)
                .ok_or(error)
        })
    else {
        return Parsed::Malformed;
    };
    let length = head + body;
    if input.len() < length {
        return Parsed::Partial;
    }
    Parsed::Request(Request {
        target: request.path.unwrap_or_default(),
        authorization: header("authorization"),
        host: text(header("host")),
        length,
    })
}

fn text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or_default()
}

/// Writes an answer with a JSON body.
pub fn write(output: &mut Vec<u8>, status: &str, extra_headers: &str, body: &str) {
    for part in [
        "HTTP/1.1 ",
        status,
        "\r\ncontent-type: application/json\r\n",
        extra_headers,
        "content-length: ",
        &body.len().to_string(),
        "\r\n\r\n",
        body,
    ] {
        output.extend_from_slice(part.as_bytes());
    }
}
