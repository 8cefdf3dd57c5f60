//! The sandbox that vectors run against, and the placeholders that lead to it.

use std::path::PathBuf;

use evertoken_sandbox::{Sandbox, Settings};
use serde_json::{Map, Value, json};

use crate::Failure;

/// One sandbox with https and a demanded client certificate, its certificates in files.
pub struct Place {
    /// The sandbox.
    pub sandbox: Sandbox,
    info: Value,
    folder: PathBuf,
}

impl Place {
    /// Starts the sandbox.
    ///
    /// # Errors
    /// It cannot listen, or the files cannot be written.
    pub fn start() -> Result<Self, Failure> {
        let settings = Settings::from_json(&json!({"https": true, "client_cert": true}))?;
        let sandbox = Sandbox::start(settings).map_err(|error| error.to_string())?;
        let info = sandbox.info();
        let folder = std::env::temp_dir().join(format!(
            "evertoken-vectors-{}-{}",
            std::process::id(),
            port(sandbox.url())
        ));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        for (key, file) in [
            ("ca_pem", "ca.pem"),
            ("client_cert_pem", "cert.pem"),
            ("client_key_pem", "key.pem"),
        ] {
            std::fs::write(folder.join(file), info[key].as_str().unwrap_or_default())
                .map_err(|error| error.to_string())?;
        }
        Ok(Self {
            sandbox,
            info,
            folder,
        })
    }

    /// The path of `ca.pem`, `cert.pem` or `key.pem`.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Replaces the placeholders in every string of `value`.
    pub(crate) fn fill(&self, value: &Value, case: &str) -> Result<Value, Failure> {
        Ok(match value {
            Value::String(text) => self.fill_text(text, case)?,
            Value::Array(list) => list
                .iter()
                .map(|item| self.fill(item, case))
                .collect::<Result<Vec<_>, _>>()?
                .into(),
            Value::Object(map) => self.fill_map(map, case)?.into(),
            other => other.clone(),
        })
    }

    pub(crate) fn fill_map(
        &self,
        map: &Map<String, Value>,
        case: &str,
    ) -> Result<Map<String, Value>, Failure> {
        map.iter()
            .map(|(key, value)| Ok((key.clone(), self.fill(value, case)?)))
            .collect()
    }

    /// The same for one text; a credential that stands alone keeps its type.
    pub(crate) fn fill_text(&self, text: &str, case: &str) -> Result<Value, Failure> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (name, after) = behind
                .split_once("}}")
                .ok_or_else(|| format!("a placeholder without an end: {text}"))?;
            let value = self
                .placeholder(name, case)
                .ok_or_else(|| format!("an unknown placeholder: {name}"))?;
            if before.is_empty() && out.is_empty() && after.is_empty() {
                return Ok(value);
            }
            out.push_str(before);
            match value {
                Value::String(piece) => out.push_str(&piece),
                other => out.push_str(&other.to_string()),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out.into())
    }

    fn placeholder(&self, name: &str, case: &str) -> Option<Value> {
        let address = |key: &str| Some(Value::from(self.info[key].as_str()?.trim_end_matches('/')));
        match name {
            "base" => address("url"),
            "foreign" => address("foreign_url"),
            "https" => address("https_url"),
            "case" => Some(case.into()),
            "ca_file" => Some(self.file("ca.pem").into()),
            "client_cert_file" => Some(self.file("cert.pem").into()),
            "client_key_file" => Some(self.file("key.pem").into()),
            other => {
                let (provider, field) = other.strip_prefix("cred:")?.split_once('.')?;
                self.info["credentials"][provider].get(field).cloned()
            }
        }
    }

    /// One control call.
    ///
    /// # Errors
    /// What the sandbox answers but success.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        self.sandbox
            .control_async(method, path, body)
            .await
            .map_err(|error| format!("{method} {path}: {} {}", error.status, error.message))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left behind in a temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn port(url: &str) -> &str {
    url.trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap_or_default()
}
