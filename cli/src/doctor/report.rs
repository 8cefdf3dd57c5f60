//! The report of the checks.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::human::printable;
use crate::print_line;

/// The results of the checks: printed one by one, or as one JSON object at the end.
pub(super) struct Report {
    is_json: bool,
    checks: Vec<Value>,
    failed: usize,
    warned: usize,
}

impl Report {
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            checks: Vec::new(),
            failed: 0,
            warned: 0,
        }
    }

    pub(super) fn ok(&mut self, check: &str, detail: &str) -> Result<(), Failure> {
        self.add(check, "ok", detail, "")
    }

    pub(super) fn skip(&mut self, check: &str, why: &str) -> Result<(), Failure> {
        self.add(check, "skip", why, "")
    }

    pub(super) fn warn(&mut self, check: &str, detail: &str, hint: &str) -> Result<(), Failure> {
        self.warned += 1;
        self.add(check, "warn", detail, hint)
    }

    pub(super) fn fail(&mut self, check: &str, failure: Failure) -> Result<(), Failure> {
        self.failed += 1;
        self.add(
            check,
            "fail",
            &failure.message,
            &failure.hint.unwrap_or_default(),
        )
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    fn add(
        &mut self,
        check: &str,
        standing: &str,
        detail: &str,
        hint: &str,
    ) -> Result<(), Failure> {
        let (detail, hint) = (printable(detail), printable(hint));
        if !self.is_json {
            print_line(&format!("{standing:<5} {check:<8} {detail}"))?;
            if !hint.is_empty() {
                print_line(&format!("{:15}hint: {hint}", ""))?;
            }
        }
        self.checks.push(json!({
            "check": check,
            "standing": standing,
            "detail": detail,
            "hint": (!hint.is_empty()).then_some(hint),
        }));
        Ok(())
    }

    /// Prints the last line: the number of checks, or all results as JSON.
    pub(super) fn close(&self) -> Result<(), Failure> {
        if self.is_json {
            let results = json!({"ok": !self.has_failed(), "checks": self.checks});
            return print_line(&results.to_string());
        }
        let (all, failed, warned) = (self.checks.len(), self.failed, self.warned);
        print_line(&format!(
            "{all} checked, {failed} failed, {warned} doubtful"
        ))
    }
}
