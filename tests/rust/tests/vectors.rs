//! Every conformance vector as a test of its own name, against one sandbox.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use evertoken_tests::{Place, Vector, run};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One sandbox, reset before each vector.
    arguments.test_threads = Some(1);
    let vectors = match Vector::all() {
        Ok(vectors) => vectors,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let names: Vec<String> = vectors.iter().map(|vector| vector.name.clone()).collect();
    let identities: Vec<(String, String)> = vectors
        .iter()
        .map(|vector| (identity(vector), vector.name.clone()))
        .collect();
    let mut trials = vec![
        Trial::test("every_skip_names_a_vector_and_a_reason", move || {
            skips(&names)
        }),
        Trial::test("no_two_vectors_share_an_identity", move || {
            distinct(&identities)
        }),
    ];
    let place: Arc<OnceLock<Result<Place, String>>> = Arc::default();
    let Ok(runtime) = tokio::runtime::Runtime::new().map(Arc::new) else {
        return ExitCode::FAILURE;
    };
    trials.extend(vectors.into_iter().map(|vector| {
        let (runtime, place) = (Arc::clone(&runtime), Arc::clone(&place));
        Trial::test(vector.name.clone(), move || {
            let place = place.get_or_init(Place::start).as_ref()?;
            runtime.block_on(run(place, &vector)).map_err(|failure| {
                Failed::from(format!("{} ({})\n{failure}", vector.about, vector.source))
            })
        })
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What the identity is made of, as far as a vector can vary it.
fn identity(vector: &Vector) -> String {
    let mut options = vector.options.clone();
    for name in evertoken::builder::CLIENT_OPTIONS {
        if *name != "base_url" || options.contains_key("token_url") {
            options.remove(*name);
        }
    }
    let case = |text: String| text.replace("{{case}}", &vector.name);
    case(Value::from(options).to_string())
}

fn distinct(identities: &[(String, String)]) -> Result<(), Failed> {
    let mut seen = BTreeMap::new();
    for (identity, name) in identities {
        if let Some(other) = seen.insert(identity, name) {
            return Err(
                format!("{other} and {name}: give the token URL the query {{{{case}}}}").into(),
            );
        }
    }
    Ok(())
}

fn skips(names: &[String]) -> Result<(), Failed> {
    for (language, skipped) in Vector::skips()? {
        if !["rust", "python", "node", "c"].contains(&language.as_str()) {
            return Err(format!("no such language: {language}").into());
        }
        if let Some((name, _)) = skipped
            .iter()
            .find(|(name, reason)| !names.contains(name) || reason.is_empty())
        {
            return Err(format!("{language}: {name} is no vector, or has no reason").into());
        }
    }
    Ok(())
}
