//! Recognises a wrong password in a response with status 500.

use super::in_words;
use crate::document::Details;

/// Whether code or words are about a wrong password. ABP (`Login failed!: Invalid user name or password`), Open Bank Project and
/// others raise an exception for one, which their framework turns into a 500. Tried again as a failure of the server, it would lock
/// the account.
pub(super) fn says_mistaken(details: &Details) -> bool {
    const WHAT: &[&str] = &["password", "credentials", "credential"];
    const WRONG: &[&str] = &["invalid", "incorrect", "wrong", "bad"];
    /// "invalid user name or password", "password is incorrect".
    const FURTHEST: usize = 5;
    if details.code.as_deref() == Some("invalid_grant") {
        return true;
    }
    in_words(details.message.as_deref(), |words| {
        let has = |run: &[&str], known: &[&str]| run.iter().any(|word| known.contains(word));
        words
            .windows(FURTHEST.min(words.len()).max(1))
            .any(|run| has(run, WHAT) && has(run, WRONG))
    })
}

#[cfg(test)]
mod tests {
    use super::says_mistaken;
    use crate::document::Details;

    #[test]
    fn words_about_a_wrong_password() {
        for (message, mistaken) in [
            ("Login failed!: Invalid user name or password", true),
            ("The password is incorrect", true),
            ("Bad credentials", true),
            ("Wrong password", true),
            ("", false),
            ("password", false),
            ("Internal Server Error", false),
            ("Error while authenticating user from user store", false),
            (
                "Invalid state: the store for every password is not reachable",
                false,
            ),
        ] {
            let mut details = Details::default();
            details.message = Some(message.to_owned());
            assert_eq!(says_mistaken(&details), mistaken, "{message}");
        }
    }
}
