//! Whether a refusal is about a closed account.

use crate::document::Details;

/// Whether code or words say that the account is closed: WSO2 IS (`17003 … Account is locked`), Keycloak (`Account disabled`),
/// Spring (`User account is locked`), Firebase (`USER_DISABLED`), Auth0 (`user is blocked`).
///
/// A subject, a state behind it, and between them nothing but helping words and at most one other, such as a name:
/// neither "user name or password wrong" nor "account will be locked after 2 attempts".
pub(super) fn says_locked(details: &Details) -> bool {
    /// Far more than a sentence; bounds the work on a hostile body.
    const SEARCHED_CHARS: usize = 2000;
    const SUBJECTS: &[&str] = &["account", "user"];
    const STATES: &[&str] = &["locked", "disabled", "suspended", "deactivated", "blocked"];
    const HELPERS: &[&str] = &[
        "is",
        "was",
        "are",
        "has",
        "have",
        "been",
        "currently",
        "temporarily",
        "permanently",
        "now",
        "account",
        "user",
    ];
    const CONDITIONS: &[&str] = &[
        "will", "would", "may", "might", "could", "can", "if", "not", "when", "unless", "or",
        "nor", "to", "before", "be", "gets",
    ];
    [&details.code, &details.message]
        .into_iter()
        .flatten()
        .any(|text| {
            let text = text
                .chars()
                .take(SEARCHED_CHARS)
                .collect::<String>()
                .to_lowercase();
            let words: Vec<&str> = text
                .split(|c: char| c.is_whitespace() || matches!(c, '_' | '-' | ':' | ',' | '('))
                .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
                .filter(|word| !word.is_empty())
                .collect();
            let closed = |subject: usize| {
                let mut others = 0;
                for word in &words[subject + 1..] {
                    if STATES.contains(word) {
                        return true;
                    }
                    others += usize::from(!HELPERS.contains(word));
                    if others > 1 || CONDITIONS.contains(word) {
                        return false;
                    }
                }
                false
            };
            let subjects = words
                .iter()
                .enumerate()
                .filter(|(_, word)| SUBJECTS.contains(word));
            words.contains(&"17003")
                || [
                    "accountlocked",
                    "accountdisabled",
                    "userlocked",
                    "userdisabled",
                ]
                .iter()
                .any(|code| words.contains(code))
                || words.windows(2).any(|pair| pair == ["locked", "out"])
                || subjects.map(|(at, _)| at).any(closed)
        })
}
