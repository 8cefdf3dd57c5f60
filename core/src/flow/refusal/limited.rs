//! Whether a refusal is about too many requests, where neither status nor code says so.

use crate::document::Details;

/// Salesforce (`login rate exceeded`, with `invalid_grant`), Zoho (`You have made too many requests continuously`, with 400). As
/// rejected credentials they would pause logins for up to an hour. Too many failed *attempts* are another matter.
pub(super) fn says_limited(details: &Details) -> bool {
    const PHRASES: &[&[&str]] = &[
        &["too", "many", "requests"],
        &["rate", "exceeded"],
        &["rate", "limit"],
    ];
    details.message.as_deref().is_some_and(|message| {
        let message = message.to_lowercase();
        let words: Vec<&str> = message
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        PHRASES
            .iter()
            .any(|phrase| words.windows(phrase.len()).any(|run| run == *phrase))
    })
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
            ("Too many failed login attempts", false),
            ("You will be limited after 3 wrong passwords", false),
            ("generate limitless keys", false),
        ] {
            let mut details = Details::default();
            details.message = Some(message.to_owned());
            assert_eq!(says_limited(&details), limited, "{message}");
        }
    }
}
