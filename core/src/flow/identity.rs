//! The identity of a flow: everything that makes two tokens different, as a list of named parts (docs/contract.md §1).

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Collects `name=value` parts in order.
///
/// Each entry contains its name, so that an absent part cannot make two different lists equal.
pub(super) struct Identity(Vec<Secret>);

impl Identity {
    pub(super) fn new(flow: &'static str) -> Self {
        Self(Vec::new()).with("flow", flow)
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let mut part = Zeroizing::new(String::with_capacity(name.len() + 1 + value.len()));
        part.push_str(name);
        part.push('=');
        part.push_str(value);
        self.0.push(Secret::new(std::mem::take(&mut *part)));
        self
    }

    pub(super) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Scopes, sorted: their order does not matter.
    pub(super) fn with_scope(self, scope: &[String]) -> Self {
        let mut sorted = scope.to_vec();
        sorted.sort_unstable();
        self.with("scope", &sorted.join(" "))
    }

    /// A table, sorted by name, each entry under `kind.name`.
    pub(super) fn with_table<'a>(
        mut self,
        kind: &str,
        table: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut rows: Vec<_> = table.into_iter().collect();
        rows.sort_unstable();
        for (name, value) in rows {
            self = self.with(&format!("{kind}.{name}"), value);
        }
        self
    }

    pub(super) fn parts(self) -> Vec<Secret> {
        self.0
    }
}

/// An id for a label: its first 8 characters, at most half of it.
pub(super) fn shortened(id: &str) -> String {
    let length = id.chars().count();
    let head: String = id.chars().take((length / 2).min(8)).collect();
    format!("{head}…")
}
