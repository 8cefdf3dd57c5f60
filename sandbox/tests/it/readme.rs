//! The README is what people write their tests from, so it is held to the code.

use std::collections::BTreeSet;

use evertoken_sandbox::Settings;
use serde_json::{Value, json};

use crate::client::{post_json, sandbox};

const README: &str = include_str!("../../README.md");

/// The rows below a heading, cell by cell.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let section = README.split(heading).nth(1).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_setting_is_described() {
    let settings = serde_json::to_value(Settings::default()).unwrap();
    let names = settings
        .as_object()
        .unwrap()
        .keys()
        .chain(settings["plain"].as_object().unwrap().keys());
    let credentials = settings["credentials"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|fields| fields.as_object().unwrap().keys());
    for name in names.chain(credentials) {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_described_switch_exists() {
    let switches = rows("one object each: |");
    let known = serde_json::to_value(Settings::default()).unwrap()["plain"].clone();
    let described: Vec<String> = switches.iter().flat_map(|row| quoted(&row[0])).collect();
    assert!(described.len() > 20);
    for name in described {
        assert!(known.get(&name).is_some(), "{name}");
    }
}

#[test]
fn the_table_of_faults_is_complete() {
    let sandbox = sandbox(&json!({}));
    let described: BTreeSet<String> = rows("## Faults")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    for name in &described {
        assert!(sandbox.arm(&json!({"fault": name})).is_ok(), "{name}");
    }
    // The refusal of an unknown type lists the known ones.
    let refusal = sandbox
        .arm(&json!({"fault": "no_such_fault"}))
        .unwrap_err()
        .message;
    let known: BTreeSet<String> = quoted(refusal.split("expected").nth(1).unwrap())
        .into_iter()
        .collect();
    assert_eq!(described, known);
}

#[test]
fn every_described_control_route_exists() {
    let sandbox = sandbox(&json!({}));
    let routes: Vec<String> = rows("## Control routes")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    assert!(routes.len() > 20);
    for route in routes {
        // In "`GET`, `DELETE /_sandbox/script`" the path is said once.
        let Some((method, path)) = route.split_once(' ') else {
            continue;
        };
        let outcome = sandbox.control(method, path, &Value::Null);
        assert!(
            !outcome.is_err_and(|error| matches!(error.status, 404 | 405)),
            "{route}"
        );
    }
}

#[test]
fn the_scripts_in_it_are_accepted() {
    let sandbox = sandbox(&json!({}));
    let script = README
        .split("POST /_sandbox/script\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let script: Value = serde_json::from_str(script).unwrap();
    assert_eq!(
        post_json(sandbox.url(), "/_sandbox/script", &script).status,
        200
    );
}
