//! Whether a failure of the server's is about a wrong password.

use crate::document::Details;

/// ABP (`Login failed!: Invalid user name or password`), Open Bank Project and home-made routes raise an exception at a wrong password, which
/// their framework answers with 500. Tried again as a failure of the server's, it would lock the account.
pub(super) fn says_mistaken(details: &Details) -> bool {
    const WHAT: &[&str] = &["password", "credentials", "credential"];
    const WRONG: &[&str] = &["invalid", "incorrect", "wrong", "bad"];
    /// "invalid user name or password", "password is incorrect".
    const FURTHEST: usize = 5;
    if details.code.as_deref() == Some("invalid_grant") {
        return true;
    }
    details.message.as_deref().is_some_and(|message| {
        let message = message.to_lowercase();
        let words: Vec<&str> = message
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let says = |run: &[&str], known: &[&str]| run.iter().any(|word| known.contains(word));
        words
            .windows(FURTHEST.min(words.len()).max(1))
            .any(|run| says(run, WHAT) && says(run, WRONG))
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
