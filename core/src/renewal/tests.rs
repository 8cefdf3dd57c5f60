use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ErrorKind;
use crate::keeper::Standing;
use crate::test_rig::{Rig, START, pair, response, token};

/// A JWT as frameworks make it: nothing but the times tells two of them apart.
fn jwt_of_second(second: u64) -> String {
    let iat = START + second;
    let claims = format!(r#"{{"sub":"user","iat":{iat},"exp":{}}}"#, iat + 600);
    let [header, claims] = [r#"{"alg":"HS256"}"#, &claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.signature")
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_the_server_fails_at_gives_way_to_the_login_in_the_last_try() {
    for (status, body, gives_way) in [
        (500, "", true),
        (200, "<html>", true),
        (503, "", false),
        (429, "", false),
    ] {
        let failed = || response(status, body);
        let rig = Rig::open([pair("T1", "R1", 600), failed(), failed(), failed()]);
        rig.value().await;
        rig.pass(600.0).await;
        if gives_way {
            rig.server.will(token("T2", 600));
            assert_eq!(rig.value().await, "T2", "{status}");
        } else {
            rig.kind().await;
        }
        let asked = ["login", "refresh", "refresh", "refresh", "login"];
        let asked = &asked[..if gives_way { 5 } else { 4 }];
        assert_eq!(rig.server.asked(), asked, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_answer_is_readable_and_has_no_token_gives_way_to_the_login_at_once() {
    let decided = || response(200, r#"{"status":"pending"}"#);
    for serves in [false, true] {
        let rig = Rig::open([pair("T1", "R1", 600), decided(), token("T2", 600)]);
        rig.value().await;
        rig.pass(if serves { 500.0 } else { 600.0 }).await;
        rig.ask().await.unwrap();
        rig.settle().await;
        assert_eq!(rig.value().await, "T2");
        assert_eq!(rig.server.asked(), ["login", "refresh", "login"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_whose_answer_is_readable_and_has_no_token_is_asked_for_once_in_a_call() {
    let decided = || response(200, r#"{"mfa_required":true}"#);
    let rig = Rig::open([decided(), decided(), token("T1", 600)]);
    for asked in 1..=2 {
        assert_eq!(rig.kind().await, ErrorKind::BadResponse);
        assert_eq!(rig.server.asked().len(), asked);
        let state = rig.keeper.state();
        assert_eq!(state.standing, Standing::None, "no rejection");
        rig.pass(2.0).await; // longer than the pause after the first or the second failure
    }
    assert_eq!(rig.value().await, "T1");
}

#[tokio::test(start_paused = true)]
async fn while_there_is_a_token_to_serve_it_does_so_after_the_third_failure() {
    let failed = || response(500, "");
    let rig = Rig::open([
        pair("T1", "R1", 600),
        failed(),
        failed(),
        failed(),
        token("T2", 600),
    ]);
    rig.value().await;
    rig.pass(500.0).await;
    for asked in [2, 3, 5] {
        assert_eq!(rig.value().await, "T1");
        rig.settle().await;
        assert_eq!(rig.server.asked().len(), asked);
        rig.pass(2.0).await; // longer than the pause after the first or the second failure
    }
    assert_eq!(rig.value().await, "T2");
    let asked = ["login", "refresh", "refresh", "refresh", "login"];
    assert_eq!(rig.server.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_jwt_that_is_refused_in_its_first_second_is_followed_by_that_of_the_next_second() {
    let (first, second) = (jwt_of_second(0), jwt_of_second(1));
    let rig = Rig::open([
        token(&first, 600),
        token(&first, 600),
        response(200, ""), // revoked, which changes nothing within the second
        token(&first, 600),
        token(&second, 600),
    ]);
    let refused = rig.ask().await.unwrap();
    rig.keeper.refuse(&refused);
    let before = tokio::time::Instant::now();
    assert_eq!(rig.value().await, second);
    assert_eq!(before.elapsed().as_secs(), 1);
    let asked = ["login", "login", "revoke", "login", "login"];
    assert_eq!(rig.server.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_that_no_second_changes_is_not_waited_for() {
    for (value, age_secs) in [("opaque".to_owned(), 0.0), (jwt_of_second(0), 2.0)] {
        let rig = Rig::open([
            token(&value, 600),
            token(&value, 600),
            response(200, ""), // revoked, in vain
            token(&value, 600),
        ]);
        let refused = rig.ask().await.unwrap();
        rig.pass(age_secs).await;
        rig.keeper.refuse(&refused);
        assert_eq!(rig.kind().await, ErrorKind::SameToken, "{value}");
        assert_eq!(rig.server.asked(), ["login", "login", "revoke", "login"]);
    }
}

mod permanent;
