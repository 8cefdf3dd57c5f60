//! `{{…}}` in scripted responses: tokens and times relative to the virtual clock.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::clock::{http_date, iso};
use crate::jwt::hs512;

/// The values that templates refer to.
pub(crate) struct Scope<'a> {
    pub(crate) now_ms: i64,
    pub(crate) base: &'a str,
    pub(crate) foreign: &'a str,
    /// The tokens that were named by `as=`.
    pub(crate) vars: &'a mut HashMap<String, String>,
}

/// A rendered template. A time is a number if it is the whole string.
enum Rendered {
    Number(i64),
    Text(String),
}

impl Scope<'_> {
    fn now_secs(&self) -> i64 {
        self.now_ms.div_euclid(1000)
    }

    /// Renders all strings of a JSON value.
    ///
    /// # Errors
    /// Quotes the template that is not known.
    pub(crate) fn json(&mut self, value: &Value) -> Result<Value, String> {
        self.name_tokens(value);
        self.rendered(value)
    }

    /// The members of an object have no order, so a name may be used before its token is rendered. Therefore tokens are rendered
    /// first. Rendering one twice does no harm: at the same time, the same template makes the same token.
    fn name_tokens(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.contains("{{jwt ") => {
                // An error is reported when it is rendered for the response.
                let _ = self.text(text);
            }
            Value::Array(list) => list.iter().for_each(|item| self.name_tokens(item)),
            Value::Object(map) => map.values().for_each(|item| self.name_tokens(item)),
            _ => {}
        }
    }

    fn rendered(&mut self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.string(text)?,
            Value::Array(list) => list
                .iter()
                .map(|item| self.rendered(item))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
            Value::Object(map) => {
                let rendered: Result<Map<_, _>, String> = map
                    .iter()
                    .map(|(key, item)| Ok((key.clone(), self.rendered(item)?)))
                    .collect();
                rendered?.into()
            }
            other => other.clone(),
        })
    }

    /// Renders a text.
    ///
    /// # Errors
    /// Quotes the template that is not known.
    pub(crate) fn text(&mut self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let end = after
                .find("}}")
                .ok_or_else(|| format!("template without an end: {text}"))?;
            match self.render(&after[..end])? {
                Rendered::Number(number) => out.push_str(&number.to_string()),
                Rendered::Text(piece) => out.push_str(&piece),
            }
            rest = &after[end + 2..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn string(&mut self, text: &str) -> Result<Value, String> {
        let alone = text
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .filter(|inner| !inner.contains("{{"));
        match alone {
            Some(inner) => Ok(match self.render(inner)? {
                Rendered::Number(number) => number.into(),
                Rendered::Text(piece) => piece.into(),
            }),
            None => self.text(text).map(Value::String),
        }
    }

    fn render(&mut self, template: &str) -> Result<Rendered, String> {
        let unknown = || format!("unknown template: {{{{{template}}}}}");
        let template = template.trim();
        if let Some(inner) = template.strip_prefix("string ") {
            return Ok(match self.render(inner)? {
                Rendered::Number(number) => Rendered::Text(number.to_string()),
                text @ Rendered::Text(_) => text,
            });
        }
        if template == "jwt" || template.starts_with("jwt ") {
            return self
                .jwt(&template[3..])
                .map(Rendered::Text)
                .ok_or_else(unknown);
        }
        if let Some(name) = template.strip_prefix("var ") {
            let value = self.vars.get(name.trim());
            return value
                .cloned()
                .map(Rendered::Text)
                .ok_or_else(|| format!("no token was named {}", name.trim()));
        }
        let split = template.find(['+', '-']).unwrap_or(template.len());
        let (word, offset) = (template[..split].trim(), template[split..].trim());
        let offset: i64 = if offset.is_empty() {
            0
        } else {
            offset.replace(' ', "").parse().map_err(|_| unknown())?
        };
        Ok(match word {
            "now" => Rendered::Number(self.now_secs() + offset),
            "now_ms" => Rendered::Number(self.now_ms + offset),
            "iso" => Rendered::Text(iso((self.now_secs() + offset).saturating_mul(1000))),
            "httpdate" => Rendered::Text(http_date(self.now_secs() + offset)),
            "base" => Rendered::Text(self.base.to_owned()),
            "foreign" => Rendered::Text(self.foreign.to_owned()),
            _ => return Err(unknown()),
        })
    }

    /// `exp=600 iat=0 sub=a as=t1`.
    fn jwt(&mut self, arguments: &str) -> Option<String> {
        let mut claims = Map::new();
        let mut name_it = None;
        for argument in arguments.split_whitespace() {
            let (name, value) = argument.split_once('=')?;
            match name {
                "as" => name_it = Some(value.to_owned()),
                "exp" | "iat" | "nbf" => {
                    let offset: i64 = value.parse().ok()?;
                    claims.insert(name.to_owned(), (self.now_secs() + offset).into());
                }
                _ => {
                    let claim = value
                        .parse::<i64>()
                        .map_or_else(|_| Value::from(value), Value::from);
                    claims.insert(name.to_owned(), claim);
                }
            }
        }
        let token = hs512(&claims);
        if let Some(name) = name_it {
            self.vars.insert(name, token.clone());
        }
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(value: &Value) -> Result<Value, String> {
        Scope {
            now_ms: 1_767_225_600_000,
            base: "http://127.0.0.1:1",
            foreign: "http://127.0.0.1:2",
            vars: &mut HashMap::new(),
        }
        .json(value)
    }

    #[test]
    fn times_are_numbers_when_alone_and_text_otherwise() {
        let rendered = render(
            &json!({"a": "{{now+3600}}", "b": "at {{ now - 1 }}", "c": "{{string now}}", "d": "{{now_ms+5}}"}),
        );
        assert_eq!(
            rendered,
            Ok(
                json!({"a": 1_767_229_200, "b": "at 1767225599", "c": "1767225600", "d": 1_767_225_600_005_i64})
            )
        );
    }

    #[test]
    fn dates_and_addresses() {
        let rendered = render(&json!([
            "{{iso+3600}}",
            "{{httpdate+5}}",
            "{{base}}/x",
            "{{foreign}}"
        ]));
        assert_eq!(
            rendered,
            Ok(json!([
                "2026-01-01T01:00:00Z",
                "Thu, 01 Jan 2026 00:00:05 GMT",
                "http://127.0.0.1:1/x",
                "http://127.0.0.1:2"
            ]))
        );
    }

    #[test]
    fn a_named_token_can_be_repeated() {
        let rendered =
            render(&json!(["{{jwt exp=600 iat=0 sub=a as=t1}}", "{{var t1}}"])).expect("known");
        assert_eq!(rendered[0], rendered[1]);
    }

    #[test]
    fn what_is_not_known_is_quoted() {
        assert!(render(&json!("{{nwo+1}}")).is_err_and(|error| error.contains("nwo+1")));
        assert!(render(&json!("{{var nobody}}")).is_err_and(|error| error.contains("nobody")));
        assert!(render(&json!("{{now")).is_err());
    }
}
