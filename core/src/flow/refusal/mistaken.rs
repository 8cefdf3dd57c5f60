//! Recognises a wrong password or an unknown user in a response whose status says something else, such as 500 or 404.

use super::in_words;
use crate::document::Details;

/// Whether code or words are about a wrong password. ABP (`Login failed!: Invalid user name or password`), Open Bank Project and
/// others raise an exception for one, which their framework turns into a 500. Tried again as a failure of the server, it would lock
/// the account. Other languages are those of the Americas and of Western Europe, where most providers are.
pub(super) fn says_mistaken(details: &Details) -> bool {
    const WHAT: &[&str] = &[
        "password",
        "credentials",
        "credential",
        "senha",
        "credenciais",
        "contraseña",
        "clave",
        "credenciales",
        "passe",
        "identifiants",
        "passwort",
        "kennwort",
        "anmeldedaten",
    ];
    const WRONG: &[&str] = &[
        "invalid",
        "incorrect",
        "wrong",
        "bad",
        "inválida",
        "inválidas",
        "inválido",
        "inválidos",
        "invalida",
        "invalidos",
        "incorreta",
        "incorretos",
        "errada",
        "incorrecta",
        "incorrectos",
        "invalide",
        "invalides",
        "incorrects",
        "falsch",
        "ungültig",
        "ungültige",
    ];
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

/// Whether code or words say that there is no such user: `User not found`, `No account with this email exists`. Login endpoints
/// that look a user up respond so with 404, which otherwise means that the endpoint is not there.
pub(super) fn says_unknown_user(details: &Details) -> bool {
    const WHO: &[&str] = &[
        "user",
        "username",
        "account",
        "email",
        "member",
        "customer",
        "usuário",
        "usuario",
        "conta",
        "cuenta",
        "utilisateur",
        "benutzer",
    ];
    const NOT: &[&str] = &["not", "no", "doesn", "isn", "não", "nao", "non", "nicht"];
    const THERE: &[&str] = &[
        "found",
        "exist",
        "exists",
        "registered",
        "encontrado",
        "encontrada",
        "existe",
        "trouvé",
        "gefunden",
    ];
    /// "No account was found with this email", "user with this email does not exist".
    const FURTHEST: usize = 7;
    let says = |words: &[&str]| {
        let has = |run: &[&str], known: &[&str]| run.iter().any(|word| known.contains(word));
        words
            .windows(FURTHEST.min(words.len()).max(1))
            .any(|run| has(run, WHO) && has(run, NOT) && has(run, THERE))
            || words.contains(&"usernotfound")
    };
    in_words(details.code.as_deref(), says) || in_words(details.message.as_deref(), says)
}

#[cfg(test)]
mod tests {
    use super::{says_mistaken, says_unknown_user};
    use crate::document::Details;

    #[test]
    fn words_about_a_wrong_password() {
        for (message, mistaken) in [
            ("Login failed!: Invalid user name or password", true),
            ("The password is incorrect", true),
            ("Bad credentials", true),
            ("Wrong password", true),
            ("Usuário ou senha inválidos", true),
            ("La contraseña es incorrecta", true),
            ("Nom d'utilisateur ou mot de passe invalide", true),
            ("Benutzername oder Passwort falsch", true),
            ("Erro interno do servidor", false),
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

    #[test]
    fn passwords_are_wrong_in_other_languages() {
        for message in [
            "Invalid credential",
            "Senha inválida",
            "Senha invalida",
            "Senha errada",
            "Senha incorreta",
            "Credenciais inválidas",
            "Usuário e senha incorretos",
            "Usuario o clave inválido",
            "Usuario y contraseña invalidos",
            "Credenciales incorrect",
            "Usuario o contraseña incorrectos",
            "Identifiants invalides",
            "Identifiants incorrects",
            "Kennwort ungültig",
            "Ungültige Anmeldedaten",
        ] {
            let mut details = Details::default();
            details.message = Some(message.to_owned());
            assert!(says_mistaken(&details), "{message}");
        }
    }

    #[test]
    fn words_about_an_unknown_user() {
        for (code, message, unknown) in [
            ("", "User not found", true),
            ("", "User with this email does not exist", true),
            ("", "No account found with that email address", true),
            ("", "This email isn't registered", true),
            ("", "Usuário não encontrado", true),
            ("", "El usuario no existe", true),
            ("", "Conta nao encontrada", true),
            ("", "Unknown username: not found", true),
            ("", "Account not found", true),
            ("", "There is no such member, none was found", true),
            ("", "The customer doesn't exist", true),
            ("", "No customer exists", true),
            ("", "La cuenta no existe", true),
            ("", "Utilisateur non trouvé", true),
            ("", "Benutzer nicht gefunden", true),
            ("", "Recurso não encontrado", false),
            ("user_not_found", "", true),
            ("UserNotFound", "", true),
            ("", "Not Found", false),
            ("", "The requested resource does not exist", false),
            ("", "Cannot POST /users/login", false),
            ("not_found", "No route matches /user", false),
            ("", "A user may not do this", false),
        ] {
            let mut details = Details::default();
            details.code = Some(code.to_owned());
            details.message = Some(message.to_owned());
            assert_eq!(says_unknown_user(&details), unknown, "{code} {message}");
        }
    }
}
