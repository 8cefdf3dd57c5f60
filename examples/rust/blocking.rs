//! The client without a runtime: log in, read, write, see what happens, meet a refusal.
//!
//!     PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… cargo run -p evertoken-examples --bin blocking

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::time::Duration;

use evertoken::flow::Pismo;
use evertoken::{Client, ErrorKind, Method, blocking};

fn main() -> Result<(), Box<dyn Error>> {
    let base_url = env::var("PISMO_BASE_URL").unwrap_or("https://sandbox.pismolabs.io".to_owned());
    let flow = Pismo::new(
        env::var("PISMO_SERVER_KEY")?,
        env::var("PISMO_SERVER_SECRET")?,
    );
    let client = Client::builder(flow).base_url(base_url).build()?;
    let _events = client.on_event(|event| println!("event: {}", event.name()));
    let client = blocking::Client::from(client);

    let (account, body) = blocking::send(client.request(Method::GET, "/api/accounts/123"))?;
    println!("{} {} bytes", account.status(), body.len());

    let note = client
        .request(Method::POST, "/api/notes")
        .json(&BTreeMap::from([("text", "hello")]))
        .timeout(Some(Duration::from_secs(5)));
    let (note, _) = blocking::send(note)?;
    println!("{} {:?}", note.status(), client.token()?.expires_in());

    let foreign = client.request(Method::GET, "https://elsewhere.example/api/accounts/123");
    match blocking::send(foreign) {
        Err(error) if error.kind() == ErrorKind::OriginRefused => {
            println!("refused: {}", error.message());
        }
        other => println!("{other:?}"),
    }
    Ok(())
}
