#!/bin/sh
# Fuzzes with libFuzzer on a stable toolchain.
#
#   fuzz/run.sh                    every target, a million runs each
#   fuzz/run.sh judge jwt          some targets
#   RUNS=1000 fuzz/run.sh judge    fewer runs
#   fuzz/run.sh --keep             takes some of what was found into the corpus that is checked in
#
# What is found lies in target/fuzz/corpus, an input that fails in target/fuzz/NAME-crash-…; run the program on it alone to see
# it again. Variables: RUNS (1000000), SANITIZER (none; `address` needs no nightly toolchain here), CARGO_TARGET_DIR.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root/fuzz"
target=${CARGO_TARGET_DIR:-$root/target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
corpus=$root/tests/fuzz/corpus
keep=no
[ "${1:-}" != --keep ] || { keep=yes && shift; }
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z]*\)"$/\1/p' Cargo.toml)

# What `cargo fuzz` passes; --target keeps it from the build scripts.
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
if [ "${SANITIZER:-none}" = address ]; then
    flags="$flags -Zsanitizer=address"
    export RUSTC_BOOTSTRAP=1
    target=$target-address
fi
CARGO_TARGET_DIR=$target RUSTFLAGS=$flags cargo build --quiet --release --target "$host"

for name; do
    program=$target/$host/release/$name
    found=$target/corpus/$name
    mkdir -p "$found"
    if [ "$keep" = yes ]; then
        # Of a small set that covers what all of it covers, a random part (the names are hashes): it is read by tests, not by fuzzers.
        rm -rf "$found.merged"
        mkdir "$found.merged"
        "$program" -set_cover_merge=1 -use_counters=0 -max_len=1024 "$found.merged" "$corpus/$name" "$found" 2>"$found.log"
        for input in $(ls "$found.merged" | head -n 64); do cp "$found.merged/$input" "$corpus/$name/"; done
        continue
    fi
    status=0
    "$program" -runs="${RUNS:-1000000}" -max_len=4096 -timeout=10 -rss_limit_mb=4096 -dict=words.txt -print_final_stats=1 \
        -artifact_prefix="$target/$name-" "$found" "$corpus/$name" 2>"$found.log" || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found.log")
    echo "$name: ${runs:-no} runs, $(sed -n 's/^stat::average_exec_per_sec: *//p' "$found.log") a second, status $status"
    [ "$status" = 0 ] || { tail -n 40 "$found.log" && exit "$status"; }
done
