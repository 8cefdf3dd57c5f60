//! A process that has no file descriptors left for a while.
#![cfg(unix)]

use evertoken::runtime::block_on_shared;
use evertoken::{ErrorKind, Method, Result, blocking};
use evertoken_tests::server::{Act, Server};
use evertoken_tests::{plain, sandbox};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

#[test]
fn a_first_call_that_finds_none_fails_and_the_next_one_does_not() {
    let sandbox = sandbox(&json!({}));
    let client = blocking::Client::from(plain(&sandbox).build().expect("good options"));
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, 3, hard).expect("a lower limit");
    let scarce = client.token();
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("the limit before");
    let error = scarce.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    client.token().expect("a token");

    let server = Server::start(Act::Respond);
    let other = server.client();
    let request = || other.request(Method::GET, "/");
    let call_on_its_thread = || blocking::send(request()).map(drop);
    let call_on_the_runtime = || block_on_shared(request().send()).map(drop);
    let calls: [&dyn Fn() -> Result<()>; 2] = [&call_on_its_thread, &call_on_the_runtime];
    for call in calls {
        setrlimit(Resource::RLIMIT_NOFILE, 3, hard).expect("a lower limit");
        let error = call().expect_err("no connection");
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("the limit before");
        assert!(
            error.message().contains("no more file descriptors"),
            "{error}"
        );
        call().expect("a response");
    }
}
