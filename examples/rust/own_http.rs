//! For any HTTP client, here hyper's: `authorize` returns the header, `judge` the verdict on the response.
//!
//!     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… PISMO_BASE_URL=http://127.0.0.1:8099 cargo run -p evertoken-examples --bin own_http

use std::env;
use std::error::Error;

use evertoken::flow::Pismo;
use evertoken::{Client, ResponseFacts, Verdict};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base_url = env::var("PISMO_BASE_URL")?;
    let flow = Pismo::new(
        env::var("PISMO_SERVER_KEY")?,
        env::var("PISMO_SERVER_SECRET")?,
    );
    let client = Client::builder(flow).base_url(&base_url).build()?;
    let http = legacy::Client::builder(TokioExecutor::new()).build_http();

    let url = format!("{}/api/accounts/123", base_url.trim_end_matches('/'));
    let mut authorization = client.authorize(&url).await?;
    loop {
        let request = Request::get(&url)
            .header(AUTHORIZATION, authorization.header_value())
            .body(Empty::<Bytes>::new())?;
        let (head, body) = http.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let seen = ResponseFacts {
            status: head.status.as_u16(),
            headers: &head.headers,
            body_prefix: &body,
            replayable: true,
            timeout: None,
        };
        match client.judge(&authorization, seen).await {
            Verdict::Resend(again) => authorization = again,
            Verdict::Done => {
                println!("{} {} bytes", head.status, body.len());
                return Ok(());
            }
            Verdict::GiveBack(why) => {
                println!("{} {}", head.status, why.reason.code());
                return Ok(());
            }
        }
    }
}
