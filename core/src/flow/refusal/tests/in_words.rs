use super::check;
use crate::error::ErrorKind;
use crate::error::ErrorKind::{CredentialsRejected, LockedOut, RateLimited, ServerUnavailable};

#[test]
fn words_tell_what_the_status_does_not() {
    let table: &[(u16, &str, ErrorKind, bool)] = &[
        (
            429,
            r#"{"message":"Too many login attempts. Please try again in 52 seconds."}"#,
            RateLimited,
            true,
        ),
        (
            400,
            r#"{"error_code":"PLANNED_MAINTENANCE","error_message":"temporarily unavailable"}"#,
            ServerUnavailable,
            true,
        ),
        (
            403,
            "Account locked: too many login attempts.",
            LockedOut,
            false,
        ),
        (403, "Too many requests", RateLimited, true),
        (
            400,
            r#"{"message":"Under maintenance: wrong password"}"#,
            CredentialsRejected,
            false,
        ),
        (402, r#"{"message":"x"}"#, CredentialsRejected, false),
        (451, "", CredentialsRejected, false),
    ];
    check(table);
}
