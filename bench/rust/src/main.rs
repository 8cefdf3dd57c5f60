//! The Rust cases: `bench-rust ADAPTER CASE PORT CALLERS SECONDS` measures one adapter in one case against the
//! server on that port and prints one line of JSON.

use std::process::ExitCode;
use std::time::Duration;

use crate::adapters::{Adapter, azure, bare, google, ours, smithy, yup};
use crate::cases::Plan;
use crate::server::Server;

mod adapters;
mod cases;
mod floors;
mod herd;
mod meter;
mod server;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [adapter, case, port, callers, seconds] = arguments.as_slice() else {
        eprintln!("usage: bench-rust ADAPTER CASE PORT CALLERS SECONDS");
        return ExitCode::FAILURE;
    };
    let plan = Plan {
        case: case.clone(),
        server: Server::new(port.parse().expect("a port")),
        callers: callers.parse().expect("a number of callers"),
        time: Duration::from_secs_f64(seconds.parse().expect("a number of seconds")),
    };
    let result = match adapter.as_str() {
        "evertoken" => run::<ours::Client>(&plan),
        "evertoken_authorization" => run::<ours::Authorization>(&plan),
        "evertoken_blocking" => ours::blocking(&plan),
        "reqwest" => run::<bare::Reqwest>(&plan),
        "hyper" => run::<bare::Hyper>(&plan),
        "google-cloud-auth" => run::<google::Google>(&plan),
        "azure_identity" => run::<azure::Azure>(&plan),
        "yup-oauth2" => run::<yup::Yup>(&plan),
        "aws-smithy-runtime" => run::<smithy::Smithy>(&plan),
        "floor" => floors::run(&plan),
        _ => {
            eprintln!("no such adapter: {adapter}");
            return ExitCode::FAILURE;
        }
    };
    println!("{result}");
    ExitCode::SUCCESS
}

fn run<A: Adapter>(plan: &Plan) -> serde_json::Value {
    match plan.case.as_str() {
        "header" => cases::header::<A>(plan),
        "request" => cases::request::<A>(plan),
        "memory" => cases::memory::<A>(plan),
        _ => herd::run::<A>(plan),
    }
}
