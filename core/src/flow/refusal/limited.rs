//! Recognises refusals for too many requests by their words, if neither status nor code says so.

use super::in_words;
use crate::document::Details;

/// Whether code or words are those of Salesforce (`login rate exceeded`, with `invalid_grant`), Zoho (`You have made too many requests
/// continuously`, with 400), Azure API Management (`Out of call volume quota`, with 403), WSO2 (`Message throttled out`, with 403 in
/// old versions) and the like. Taken for rejected credentials, they would pause logins for up to an hour. Too many failed *attempts*
/// are not meant: see [`super::locked`].
pub(super) fn says_limited(details: &Details) -> bool {
    const PHRASES: &[&[&str]] = &[
        &["too", "many", "requests"],
        &["rate", "exceeded"],
        &["rate", "limit"],
        &["quota", "exceeded"],
        &["exceeded", "your", "quota"],
        &["out", "of", "call", "volume", "quota"],
        &["throttled"],
    ];
    /// Of requests, unless it is that of a grant: "Refresh token use limit reached" does not pass.
    const LIMITS: &[&[&str]] = &[&["limit", "exceeded"], &["limit", "reached"]];
    const GRANTS: &[&str] = &["token", "tokens", "session", "sessions", "refresh", "grant"];
    let says = |words: &[&str]| {
        let has = |phrases: &[&[&str]]| {
            phrases
                .iter()
                .any(|phrase| words.windows(phrase.len()).any(|run| run == *phrase))
        };
        has(PHRASES) || (has(LIMITS) && !words.iter().any(|word| GRANTS.contains(word)))
    };
    in_words(details.code.as_deref(), says) || in_words(details.message.as_deref(), says)
}

#[cfg(test)]
mod tests {
    use super::says_limited;
    use crate::document::Details;

    #[test]
    fn words_about_too_many_requests() {
        for (message, limited) in [
            ("login rate exceeded", true),
            (
                "You have made too many requests continuously. Please try again after some time.",
                true,
            ),
            ("Rate limit reached", true),
            ("TotalRequests Limit exceeded.", true),
            ("Your rate limit is used up", true),
            ("Quota exceeded", true),
            ("You have exceeded your quota", true),
            ("Request was throttled", true),
            ("Refresh token use limit reached", false),
            ("Maximum sessions limit exceeded", false),
            (
                "Out of call volume quota. Quota will be replenished in 00:12:34.",
                true,
            ),
            ("Message throttled out: You have exceeded your quota", true),
            ("Your disk quota is 5 GB", false),
            ("Too many failed login attempts", false),
            ("You will be limited after 3 wrong passwords", false),
            ("generate limitless keys", false),
        ] {
            let mut details = Details::default();
            details.message = Some(message.to_owned());
            assert_eq!(says_limited(&details), limited, "{message}");
        }
    }

    #[test]
    fn a_code_about_too_many_requests() {
        for (code, limited) in [("general_rate_limit_exceeded", true), ("limits", false)] {
            let mut details = Details::default();
            details.code = Some(code.to_owned());
            assert_eq!(says_limited(&details), limited, "{code}");
        }
    }
}
