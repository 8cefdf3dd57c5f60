//! The fuzz targets without a fuzzer: every input of the corpus, and inputs near them, the same in every run.

use std::path::Path;

use evertoken_fuzz::{Mutations, TARGETS, Target};

/// Enough to meet most branches, and a few seconds in all without optimisation.
const MUTATIONS: usize = 8_000;
/// Reading the corpus should not take longer than writing the code did.
const CORPUS_MAX_BYTES: u64 = 500_000;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

fn replay(name: &str) {
    let target: Target = TARGETS
        .iter()
        .find(|(other, _)| *other == name)
        .unwrap_or_else(|| panic!("there is no target {name}"))
        .1;
    let inputs = corpus(name);
    assert!(!inputs.is_empty(), "{name} has no corpus");
    for input in &inputs {
        target(input);
    }
    for input in Mutations::new(&inputs, 1).take(MUTATIONS) {
        let outcome = std::panic::catch_unwind(|| target(&input));
        assert!(
            outcome.is_ok(),
            "{name} fails for {:?}",
            String::from_utf8_lossy(&input)
        );
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed() {
            let named: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, [$(stringify!($name)),*]);
        }
    };
}

replays!(answer call challenge config dates document inspect judge jwt profile redirect scrub);

#[test]
fn the_corpus_is_small() {
    let bytes: u64 = TARGETS
        .iter()
        .flat_map(|(name, _)| corpus(name))
        .map(|input| input.len() as u64)
        .sum();
    assert!(bytes < CORPUS_MAX_BYTES, "{bytes} bytes");
}
