//! Recognises failures of the server that pass, in responses whose status is that of a rejection.

use super::in_words;
use crate::document::Details;

/// Whether code or words say that the server is being maintained or unavailable for now: Plaid (`PLANNED_MAINTENANCE`, with 400),
/// Sugar (`System is in maintenance mode`) and gateways. Taken for rejected credentials, they would pause logins for up to an hour.
/// What is said of an account is not meant.
pub(super) fn says_unavailable(details: &Details) -> bool {
    const PHRASES: &[&[&str]] = &[
        &["under", "maintenance"],
        &["in", "maintenance"],
        &["for", "maintenance"],
        &["to", "maintenance"],
        &["maintenance", "mode"],
        &["planned", "maintenance"],
        &["scheduled", "maintenance"],
        &["temporarily", "unavailable"],
        &["service", "unavailable"],
        &["currently", "unavailable"],
        &["em", "manutenção"],
        &["temporariamente", "indisponível"],
        &["en", "mantenimiento"],
        &["temporalmente", "no", "disponible"],
        &["en", "maintenance"],
        &["wegen", "wartung"],
    ];
    const PEOPLE: &[&str] = &[
        "account", "user", "login", "password", "conta", "usuário", "senha", "cuenta", "usuario",
        "compte", "konto",
    ];
    let says = |words: &[&str]| {
        let is_said = PHRASES
            .iter()
            .any(|phrase| words.windows(phrase.len()).any(|run| run == *phrase));
        (is_said || words == ["maintenance"]) && !words.iter().any(|word| PEOPLE.contains(word))
    };
    in_words(details.code.as_deref(), says) || in_words(details.message.as_deref(), says)
}

#[cfg(test)]
mod tests {
    use super::says_unavailable;
    use crate::document::Details;

    #[test]
    fn words_about_a_failure_that_passes() {
        for (code, message, unavailable) in [
            ("PLANNED_MAINTENANCE", "", true),
            ("maintenance", "", true),
            (
                "",
                "The system is under maintenance. Please try again later.",
                true,
            ),
            ("", "We are down for maintenance", true),
            ("", "System is in maintenance", true),
            ("", "Maintenance mode is on", true),
            ("", "Closed due to maintenance", true),
            ("", "Scheduled maintenance until noon", true),
            ("service_unavailable", "", true),
            ("", "Our systems are currently unavailable", true),
            ("", "Serviço temporariamente indisponível", true),
            ("", "El sistema está en mantenimiento", true),
            ("", "Temporalmente no disponible", true),
            ("", "Le site est en maintenance", true),
            ("", "Wegen Wartung geschlossen", true),
            ("", "Sistema em manutenção. Tente mais tarde.", true),
            ("", "Conta temporariamente indisponível", false),
            ("invalid_request", "Service temporarily unavailable", true),
            ("", "The account is temporarily unavailable", false),
            (
                "",
                "Contact the maintenance team if your password does not work",
                false,
            ),
            ("", "Unavailable grant type", false),
            ("maintenance_window_id", "", false),
            ("", "", false),
        ] {
            let mut details = Details::default();
            details.code = Some(code.to_owned());
            details.message = Some(message.to_owned());
            assert_eq!(says_unavailable(&details), unavailable, "{code} {message}");
        }
    }
}
