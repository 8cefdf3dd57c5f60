use crate::test_rig::{Rig, pair, response, token};

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
async fn while_there_is_a_token_to_serve_it_does_not() {
    let rig = Rig::open([pair("T1", "R1", 600), response(500, "")]);
    rig.value().await;
    rig.pass(500.0).await;
    assert_eq!(rig.value().await, "T1");
    rig.settle().await;
    assert_eq!(rig.server.asked(), ["login", "refresh"]);
}
