//! What every text that comes out keeps.

use evertoken::Error;

/// A secret with everything that some encoding writes differently.
pub(crate) const SECRET: &str = "k3y+/=%&\"<é \\ of the test";

/// Whether `haystack` holds `needle`.
pub(crate) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

/// One line without the secret that nothing obeys.
pub(crate) fn fit_for_a_log(text: &str) {
    assert!(!text.contains(SECRET), "a secret came out");
    assert!(
        !text.contains(char::is_control),
        "a control character in {text:?}"
    );
}

/// Everything that an error tells.
pub(crate) fn error(error: &Error) {
    let texts = [
        Some(error.message()),
        error.identity(),
        error.provider_code(),
        error.provider_message(),
        error.fingerprint(),
    ];
    texts.into_iter().flatten().for_each(fit_for_a_log);
    fit_for_a_log(&error.to_string());
    fit_for_a_log(&format!("{error:?}"));
    let code = error.provider_code().map_or(0, str::len);
    let message = error
        .provider_message()
        .map_or(0, |text| text.chars().count());
    assert!(code <= 64 && message <= 300, "{code} {message}");
}

/// A token that was taken: visible ASCII, so no header can be split with it.
pub(crate) fn token(text: &str) {
    assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
}
