//! Armed faults, and the requests to which they apply.

use serde::{Deserialize, Serialize};

use crate::provider::{Kind, Provider, Route};

use super::Fault;

/// The requests to which a fault or a wait applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct RoutePattern(String);

impl From<String> for RoutePattern {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<RoutePattern> for String {
    fn from(pattern: RoutePattern) -> Self {
        pattern.0
    }
}

impl Default for RoutePattern {
    fn default() -> Self {
        Self("any".to_owned())
    }
}

impl RoutePattern {
    /// Whether the text is one of the known words or a path.
    pub(crate) fn is_valid(&self) -> bool {
        matches!(
            self.0.as_str(),
            "any" | "token" | "login" | "refresh" | "revoke" | "api" | "other"
        ) || self.is_path()
    }

    /// An exact path, with or without a method.
    pub(crate) fn is_path(&self) -> bool {
        self.0.contains('/')
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn matches_kind(&self, kind: Kind) -> bool {
        match self.0.as_str() {
            "any" => true,
            "token" => matches!(kind, Kind::Login | Kind::Refresh),
            word => word == kind.name(),
        }
    }

    pub(crate) fn matches(&self, route: &Route, method: &str, path: &str) -> bool {
        if !self.is_path() {
            return self.matches_kind(route.kind);
        }
        match self.0.split_once(' ') {
            Some((wanted, rest)) => wanted == method && rest == path,
            None => self.0 == path,
        }
    }
}

/// A fault that waits for matching requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArmedFault {
    #[serde(default)]
    pub(crate) route: RoutePattern,
    #[serde(default)]
    pub(crate) provider: Option<Provider>,
    /// The number of requests to which it applies; 0: until disarmed.
    #[serde(default = "one")]
    pub(crate) count: u64,
    /// The number of matching requests that are not affected first.
    #[serde(default)]
    pub(crate) skip: u64,
    pub(crate) fault: Fault,
}

fn one() -> u64 {
    1
}

/// All armed faults, in the order of arming.
#[derive(Debug, Default)]
pub(crate) struct ArmedFaults {
    armed: Vec<ArmedFault>,
}

impl ArmedFaults {
    pub(crate) fn arm(&mut self, fault: ArmedFault) {
        self.armed.push(fault);
    }

    pub(crate) fn list(&self) -> &[ArmedFault] {
        &self.armed
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// The fault that applies to this request.
    pub(crate) fn take(&mut self, route: &Route, method: &str, path: &str) -> Option<Fault> {
        let mut index = 0;
        while index < self.armed.len() {
            let armed = &mut self.armed[index];
            index += 1;
            let fits = armed
                .provider
                .is_none_or(|wanted| route.provider == Some(wanted))
                && armed.route.matches(route, method, path);
            if !fits {
                continue;
            }
            if armed.skip > 0 {
                armed.skip -= 1;
                continue;
            }
            let fault = armed.fault.clone();
            match armed.count {
                0 => {}
                1 => {
                    self.armed.remove(index - 1);
                }
                _ => armed.count -= 1,
            }
            return Some(fault);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn armed(value: Value) -> ArmedFault {
        serde_json::from_value(value).expect("fits")
    }

    #[test]
    fn skip_and_count_are_exact() {
        let mut faults = ArmedFaults::default();
        faults.arm(armed(
            json!({"route": "login", "skip": 1, "count": 2, "fault": "reset"}),
        ));
        let login = Route::new(Some(Provider::Wso2), Kind::Login);
        let taken: Vec<bool> = (0..5)
            .map(|_| faults.take(&login, "POST", "/token").is_some())
            .collect();
        assert_eq!(taken, [false, true, true, false, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn paths_and_providers_select() {
        let mut faults = ArmedFaults::default();
        faults.arm(armed(
            json!({"route": "GET /a", "count": 0, "fault": "close"}),
        ));
        let other = Route::new(None, Kind::Other);
        assert!(faults.take(&other, "POST", "/a").is_none());
        assert!(faults.take(&other, "GET", "/a").is_some());
        faults.clear();
        faults.arm(armed(json!({"provider": "pismo", "fault": "close"})));
        assert!(faults.take(&other, "GET", "/a").is_none());
    }
}
