//! Named options, for the bindings, profiles and the command line.
//!
//! One parser serves all of them, so that every language has the same options, units (seconds) and error messages.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// A value as it arrives from another language.
#[derive(Clone, Debug)]
pub enum OptionValue {
    /// Text. Kept as a secret, because any text option may be one.
    Text(Secret),
    /// A number; durations are in seconds.
    Number(f64),
    /// A switch.
    Flag(bool),
    /// Several texts, such as scopes or origins.
    List(Vec<String>),
    /// Named texts, such as additional form fields.
    Map(Vec<(String, Secret)>),
}

impl OptionValue {
    fn shape(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(number) if number.is_finite() => "a number",
            Self::Number(_) => "infinity or NaN",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list of strings",
            Self::Map(_) => "a table of strings",
        }
    }
}

impl From<&str> for OptionValue {
    fn from(value: &str) -> Self {
        Self::Text(Secret::new(value))
    }
}

impl From<String> for OptionValue {
    fn from(value: String) -> Self {
        Self::Text(Secret::new(value))
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<f64> for OptionValue {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Vec<String>> for OptionValue {
    fn from(value: Vec<String>) -> Self {
        Self::List(value)
    }
}

/// Options by name. `take_*` removes what it reads.
#[derive(Clone, Debug, Default)]
pub struct Options(BTreeMap<String, OptionValue>);

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name`, replacing an earlier value. Names are checked when the client is built.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<OptionValue>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Whether `name` is set.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn take<T>(
        &mut self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&OptionValue) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.0.remove(name) else {
            return Ok(None);
        };
        read(&value).map(Some).ok_or_else(|| {
            Error::config(
                name,
                format_args!("must be {wanted}, not {}", value.shape()),
            )
        })
    }

    /// Text without CR, LF and NUL.
    ///
    /// # Errors
    /// `config_invalid` if it is not text or contains a control character that could split a header.
    pub fn take_secret(&mut self, name: &str) -> Result<Option<Secret>> {
        let text = self.take(name, "a string", |value| match value {
            OptionValue::Text(text) => Some(text.clone()),
            _ => None,
        })?;
        match text {
            Some(text) => check_line(name, text.expose()).map(|()| Some(text)),
            None => Ok(None),
        }
    }

    /// As [`Self::take_secret`], for text that is not a secret.
    ///
    /// # Errors
    /// `config_invalid` if it is not text or contains a control character that could split a header.
    pub fn take_text(&mut self, name: &str) -> Result<Option<String>> {
        Ok(self.take_secret(name)?.map(|text| text.expose().to_owned()))
    }

    /// A required text option that must not be empty.
    ///
    /// # Errors
    /// `config_invalid` that names the option.
    pub fn need_text(&mut self, name: &str) -> Result<String> {
        self.need_secret(name).map(|text| text.expose().to_owned())
    }

    /// A required secret option that must not be empty.
    ///
    /// # Errors
    /// `config_invalid` that names the option.
    pub fn need_secret(&mut self, name: &str) -> Result<Secret> {
        match self.take_secret(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(Error::config(name, "must not be empty")),
            None => Err(Error::config(name, "is required")),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// `config_invalid` if it is not a finite number.
    pub fn take_number(&mut self, name: &str) -> Result<Option<f64>> {
        self.take(name, "a number", |value| match value {
            OptionValue::Number(number) if number.is_finite() => Some(*number),
            _ => None,
        })
    }

    /// A duration, given in seconds. Zero and more.
    ///
    /// # Errors
    /// `config_invalid` if it is not a number of seconds from 0 to about 31 years.
    pub fn take_secs(&mut self, name: &str) -> Result<Option<Duration>> {
        const LONGEST_SECS: f64 = 1e9;
        match self.take_number(name)? {
            None => Ok(None),
            Some(secs) if (0.0..=LONGEST_SECS).contains(&secs) => {
                Ok(Some(Duration::from_secs_f64(secs)))
            }
            Some(_) => Err(Error::config(
                name,
                "must be a number of seconds from 0 to 1000000000",
            )),
        }
    }

    /// A whole number within `range`.
    ///
    /// # Errors
    /// `config_invalid` if it is something else.
    pub fn take_whole(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        match self.take_number(name)? {
            None => Ok(None),
            Some(number) => range
                .into_iter()
                .find(|whole| (f64::from(*whole) - number).abs() < f64::EPSILON)
                .map(Some)
                .ok_or_else(|| Error::config(name, format_args!("must be {wanted}"))),
        }
    }

    /// A switch.
    ///
    /// # Errors
    /// `config_invalid` if it is not true or false.
    pub fn take_flag(&mut self, name: &str) -> Result<Option<bool>> {
        self.take(name, "true or false", |value| match value {
            OptionValue::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A list of texts; a single text is split into its words.
    ///
    /// # Errors
    /// `config_invalid` if it is neither, or an entry contains a control character.
    pub fn take_list(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        let list = self.take(name, "a list of strings", |value| match value {
            OptionValue::List(list) => Some(list.clone()),
            OptionValue::Text(text) => Some(
                text.expose()
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect(),
            ),
            _ => None,
        })?;
        for entry in list.iter().flatten() {
            check_line(name, entry)?;
        }
        Ok(list)
    }

    /// Named texts.
    ///
    /// # Errors
    /// `config_invalid` if it is not a table of strings.
    pub fn take_map(&mut self, name: &str) -> Result<Option<Vec<(String, Secret)>>> {
        self.take(name, "a table of strings", |value| match value {
            OptionValue::Map(map) => Some(map.clone()),
            _ => None,
        })
    }

    /// A path, or a pair of them.
    ///
    /// # Errors
    /// `config_invalid` if it is neither.
    pub fn take_paths(&mut self, name: &str) -> Result<Option<(String, Option<String>)>> {
        let paths = self.take(name, "a path or a list of two paths", |value| match value {
            OptionValue::Text(path) => Some((path.expose().to_owned(), None)),
            OptionValue::List(paths) => match paths.as_slice() {
                [path] => Some((path.clone(), None)),
                [first, second] => Some((first.clone(), Some(second.clone()))),
                _ => None,
            },
            _ => None,
        })?;
        for path in paths
            .iter()
            .flat_map(|(first, second)| [Some(first), second.as_ref()])
            .flatten()
        {
            check_line(name, path)?;
        }
        Ok(paths)
    }

    /// Refuses options whose names are not in `known`; the error suggests the nearest known name.
    ///
    /// # Errors
    /// `config_invalid` that names the first unknown option.
    pub fn refuse_unknown(&self, known: &[&str]) -> Result<()> {
        let Some(unknown) = self.0.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let nearest = known
            .iter()
            .min_by_key(|name| distance(unknown, name))
            .filter(|name| distance(unknown, name) <= 3);
        Err(match nearest {
            Some(name) => Error::config(
                unknown,
                format_args!("is not an option here; did you mean {name}?"),
            ),
            None => Error::config(unknown, "is not an option here"),
        })
    }
}

/// Refuses CR, LF, NUL and other control characters: they would split a header or cut a C string.
///
/// # Errors
/// `config_invalid` that names the option.
pub fn check_line(name: &str, text: &str) -> Result<()> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Error::config(
            name,
            "must not contain control characters such as CR, LF or NUL",
        ));
    }
    Ok(())
}

/// Levenshtein distance, for names of a few dozen letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{OptionValue, Options};

    #[test]
    fn unknown_option_is_refused_by_name_with_the_nearest_known_one() {
        let mut options = Options::new();
        options.set("base_ulr", "https://api.example");
        let error = options
            .refuse_unknown(&["base_url", "timeout"])
            .unwrap_err();
        assert_eq!(
            error.message(),
            "base_ulr: is not an option here; did you mean base_url?"
        );
    }

    #[test]
    fn wrong_shapes_are_refused_by_name() {
        let mut options = Options::new();
        options
            .set("timeout", "soon")
            .set("key", 7.0)
            .set("max_attempts", 2.5)
            .set("wait", -1.0)
            .set("name", "a\r\nb");
        for error in [
            options.take_secs("timeout").map(|_| ()).unwrap_err(),
            options.take_text("key").map(|_| ()).unwrap_err(),
            options
                .take_whole("max_attempts", 1..=10)
                .map(|_| ())
                .unwrap_err(),
            options.take_secs("wait").map(|_| ()).unwrap_err(),
            options.take_text("name").map(|_| ()).unwrap_err(),
            options.need_secret("password").map(|_| ()).unwrap_err(),
        ] {
            assert_eq!(error.kind().code(), "config_invalid", "{error}");
        }
        options.set("life", f64::INFINITY);
        let error = options.take_secs("life").unwrap_err();
        assert_eq!(
            error.message(),
            "life: must be a number, not infinity or NaN"
        );
    }

    #[test]
    fn what_is_needed_must_be_there_and_not_be_empty() {
        let mut options = Options::new();
        options.set("empty", "").set("given", " ");
        for (name, message) in [
            ("empty", "empty: must not be empty"),
            ("absent", "absent: is required"),
        ] {
            assert_eq!(options.need_secret(name).unwrap_err().message(), message);
        }
        assert_eq!(options.need_text("given").unwrap(), " ");
    }

    #[test]
    fn a_text_is_a_list_of_its_words() {
        let mut options = Options::new();
        options
            .set("scope", "read write")
            .set("more", OptionValue::List(vec!["a b".into()]));
        assert_eq!(
            options.take_list("scope").unwrap().unwrap(),
            ["read", "write"]
        );
        assert_eq!(options.take_list("more").unwrap().unwrap(), ["a b"]);
    }
}
