//! Recognises refusals because an account is locked or disabled.

use crate::document::Details;

/// Whether code or words say that the account is locked or disabled: WSO2 IS (`17003 … Account is locked`), Keycloak (`Account disabled`),
/// Spring (`User account is locked`), Firebase (`USER_DISABLED`), Auth0 (`user is blocked`), Entra (`tried to sign in too many times`),
/// Cognito (`Password attempts exceeded`), Laravel (`Too many login attempts`).
///
/// That takes a subject followed by a state, with only auxiliary words and at most one other word (such as a name) between them. So
/// neither "user name or password wrong" nor "account will be locked after 2 attempts" is meant.
pub(super) fn says_locked(details: &Details) -> bool {
    // Attempts are not searched for in the code: `too_many_attempts` is Auth0's code for a rate limit.
    says_closed(details) || said(details.message.as_deref(), has_attempts_used_up)
}

/// The same without words about too many attempts, which with 429 are those of a rate limit.
pub(super) fn says_closed(details: &Details) -> bool {
    said(details.code.as_deref(), is_closed) || said(details.message.as_deref(), is_closed)
}

fn said(text: Option<&str>, says: fn(&[&str]) -> bool) -> bool {
    text.is_some_and(|text| in_words(text, says))
}

fn in_words(text: &str, says: fn(&[&str]) -> bool) -> bool {
    /// Far more than a sentence. Limits the work for a hostile body.
    const SEARCHED_CHARS: usize = 2000;
    let text: String = text.chars().take(SEARCHED_CHARS).collect();
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '_' | '-' | ':' | ',' | '('))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect();
    says(&words)
}

fn is_closed(words: &[&str]) -> bool {
    const CODES: &[&str] = &[
        "17003",
        "accountlocked",
        "accountdisabled",
        "userlocked",
        "userdisabled",
        "lockedout",
    ];
    const SUBJECTS: &[&str] = &[
        "account", "user", "conta", "usuário", "usuario", "cuenta", "compte", "konto", "benutzer",
    ];
    words.iter().any(|word| CODES.contains(word))
        || (0..words.len())
            .any(|at| words[at..].starts_with(&["locked", "out"]) && !is_conditional(&words[..at]))
        || (0..words.len()).any(|at| {
            SUBJECTS.contains(&words[at])
                && !is_conditional(&words[..at])
                && has_state(&words[at + 1..])
        })
}

/// Whether a state follows, after only auxiliary words and at most one other word, such as a name.
fn has_state(words: &[&str]) -> bool {
    const STATES: &[&str] = &[
        "locked",
        "disabled",
        "suspended",
        "deactivated",
        "blocked",
        "banned",
        "inactive",
        "bloqueada",
        "bloqueado",
        "suspensa",
        "suspenso",
        "suspendida",
        "desativada",
        "desativado",
        "desactivada",
        "deshabilitada",
        "inativa",
        "inativo",
        "bloqué",
        "verrouillé",
        "désactivé",
        "gesperrt",
        "deaktiviert",
    ];
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
        "está",
        "foi",
        "fue",
        "ha",
        "sido",
        "temporariamente",
        "temporalmente",
        "est",
        "a",
        "été",
        "temporairement",
        "ist",
        "wurde",
        "vorübergehend",
    ];
    const CONDITIONS: &[&str] = &[
        "will", "would", "may", "might", "could", "can", "if", "not", "when", "unless", "or",
        "nor", "to", "before", "be", "gets", "será", "sera", "se", "si", "ou", "o", "não", "no",
        "wird", "oder", "nicht",
    ];
    let mut others = 0;
    for (at, word) in words.iter().enumerate() {
        if STATES.contains(word) || words[at..].starts_with(&["not", "active"]) {
            return true;
        }
        others += usize::from(!HELPERS.contains(word));
        if others > 1 || CONDITIONS.contains(word) {
            return false;
        }
    }
    false
}

/// "Too many failed login attempts", "too many times", "attempts exceeded", Cognito's "Attempt limit exceeded".
fn has_attempts_used_up(words: &[&str]) -> bool {
    /// "too many", three words, and the noun.
    const FURTHEST: usize = 6;
    let too_many = |at: usize| {
        words[at..].starts_with(&["too", "many"])
            && !is_conditional(&words[..at])
            && words[at..words.len().min(at + FURTHEST)]
                .iter()
                .any(|word| matches!(*word, "attempts" | "times"))
    };
    let is_limit = |run: &[&str]| {
        matches!(run[0], "attempt" | "attempts" | "login" | "logins")
            && run[1] == "limit"
            && matches!(run[2], "exceeded" | "reached")
    };
    words
        .windows(2)
        .any(|pair| pair == ["attempts", "exceeded"])
        || words.windows(3).any(is_limit)
        || (0..words.len()).any(too_many)
}

/// Whether what follows `words` is only a condition or one of two possibilities: "one more attempt before your account is locked",
/// "you will be locked out after 2 more failures", "wrong password or account disabled".
fn is_conditional(words: &[&str]) -> bool {
    const LEADS: &[&str] = &[
        "before", "until", "unless", "if", "when", "after", "or", "will", "would", "may", "could",
    ];
    words.iter().rev().take(3).any(|word| LEADS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::says_locked;
    use crate::document::Details;

    #[test]
    fn words_about_a_locked_account() {
        for (message, locked) in [
            ("17003:AdminInitiated Error when handling event", true),
            ("Password attempts exceeded", true),
            ("TOO_MANY_ATTEMPTS_TRY_LATER", true),
            (
                "Too many login attempts. Please try again in 52 seconds.",
                true,
            ),
            (
                "You've tried to sign in too many times with a wrong password",
                true,
            ),
            ("Unauthorized: LockedOut", true),
            ("user is inactive", true),
            ("User not active", true),
            ("Attempt limit exceeded, please try after some time.", true),
            ("You are locked out", true),
            ("Conta temporariamente bloqueada", true),
            ("Sua conta será bloqueada após 2 tentativas", false),
            ("La cuenta ha sido bloqueada", true),
            ("Votre compte est verrouillé", true),
            ("Das Konto ist gesperrt", true),
            ("Usuário ou senha inválidos", false),
            ("Usuário inexistente ou bloqueado", false),
            (
                "Warning: You will be locked out after 2 more failure(s)",
                false,
            ),
            (
                "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
                false,
            ),
            ("No active account found with the given credentials", false),
            ("User is banned", true),
            ("User suspended.", true),
            (
                "You have one more attempt before your account is locked.",
                false,
            ),
            (
                "The sign-in was incorrect or your account is disabled.",
                false,
            ),
            ("Login is refused after too many failed attempts", false),
            ("Too many users at the same time", false),
            ("Too many", false),
        ] {
            assert_eq!(says(message), locked, "{message}");
        }
    }

    fn says(message: &str) -> bool {
        let mut details = Details::default();
        details.message = Some(message.to_owned());
        says_locked(&details)
    }

    #[test]
    fn each_word_between_an_account_and_its_state_counts() {
        const HELPERS: &str = "is was are has have been currently temporarily permanently now está foi fue ha \
            sido temporariamente temporalmente est a été temporairement ist wurde vorübergehend";
        const CONDITIONS: &str = "will would may might could can if not when unless or nor to before be gets será sera se si \
            ou o não no wird oder nicht";
        for word in HELPERS.split_whitespace() {
            assert!(says(&format!("account john {word} locked")), "{word}");
        }
        assert!(!says("account john other locked"));
        for word in CONDITIONS.split_whitespace() {
            assert!(!says(&format!("account {word} locked")), "{word}");
        }
        assert!(says("account other locked"));
        for word in "before until unless if when after or will would may could".split_whitespace() {
            assert!(!says(&format!("{word} your account is locked")), "{word}");
        }
        for word in [
            "AccountLocked",
            "AccountDisabled",
            "UserLocked",
            "UserDisabled",
            "LockedOut",
        ] {
            assert!(says(word), "{word}");
        }
        assert!(says("Account deactivated"));
    }

    #[test]
    fn accounts_are_locked_in_other_languages() {
        for (words, locked) in [
            ("Conta suspensa", true),
            ("Usuário suspenso", true),
            ("A conta está inativa", true),
            ("Usuário foi desativado", true),
            ("Conta foi desativada", true),
            ("Usuário inativo", true),
            ("Usuario bloqueado", true),
            ("Cuenta suspendida temporalmente", true),
            ("La cuenta fue suspendida", true),
            ("Cuenta temporalmente desactivada", true),
            ("Cuenta deshabilitada", true),
            ("Votre compte a été bloqué", true),
            ("Compte temporairement désactivé", true),
            ("Konto wurde vorübergehend deaktiviert", true),
            ("Benutzer gesperrt", true),
            ("Conta não bloqueada", false),
            ("Si su cuenta se bloquea", false),
            ("Das Konto wird gesperrt", false),
            ("Konto nicht gesperrt", false),
            ("Benutzer unbekannt oder gesperrt", false),
            ("Votre compte sera bloqué", false),
            ("Usuário inexistente o bloqueado", false),
        ] {
            assert_eq!(says(words), locked, "{words}");
        }
    }

    #[test]
    fn a_code_about_attempts_is_about_a_limit() {
        for (code, locked) in [("too_many_attempts", false), ("USER_DISABLED", true)] {
            let mut details = Details::default();
            details.code = Some(code.to_owned());
            assert_eq!(says_locked(&details), locked, "{code}");
        }
    }
}
