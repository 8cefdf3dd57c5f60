//! The client in tokio: a hundred requests at once, one login.
//!
//!     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… cargo run -p evertoken-examples --bin asynchronous

use std::env;
use std::error::Error;

use evertoken::flow::Pismo;
use evertoken::{Client, Method};
use futures_util::future::try_join_all;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let base_url = env::var("PISMO_BASE_URL").unwrap_or("https://sandbox.pismolabs.io".to_owned());
    let flow = Pismo::new(
        env::var("PISMO_SERVER_KEY")?,
        env::var("PISMO_SERVER_SECRET")?,
    );
    let client = Client::builder(flow).base_url(base_url).build()?;

    let calls = (0..100).map(|number| {
        let request = client.request(Method::GET, &format!("/api/accounts/{number}"));
        async {
            let mut response = request.send().await?;
            let body = response.bytes().await?;
            Ok::<_, evertoken::Error>((response.status(), body.len()))
        }
    });
    let responses = try_join_all(calls).await?;
    let succeeded = responses
        .iter()
        .filter(|(status, _)| *status == 200)
        .count();
    println!("{succeeded} of 100, logins: {}", client.stats().logins);
    Ok(())
}
