#!/usr/bin/env bash
# The Python packages of a release, in build/wheels: a wheel for every CPython from 3.10, one for the free-threaded 3.14, and the
# sources; each but the free-threaded one installed into an empty environment and used once. For Linux with glibc 2.17 or later:
# zig links against symbols that old.
#
#   scripts/wheels.sh
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/build/wheels
most=4000000
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"${PYTHON:-python3}" -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet --disable-pip-version-check 'maturin[zig]==1.16.0'
PATH=$scratch/tools/bin:$PATH
rm -rf "$out"
# No path of this machine in what panics say.
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
wheel=(maturin build --profile wheel --zig --compatibility manylinux2014 --out "$out")
"${wheel[@]}"
# maturin knows this interpreter, which need not be installed.
"${wheel[@]}" --interpreter python3.14t
maturin sdist --out "$out"

for file in "$out"/*.whl; do
    size=$(stat --format %s "$file")
    echo "$size bytes: $(basename "$file")"
    [ "$size" -lt "$most" ] || { echo "too large: more than $most bytes" >&2; exit 1; }
done
for package in "$out"/*abi3*.whl "$out"/*.tar.gz; do
    rm -rf "$scratch/venv"
    "${PYTHON:-python3}" -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check "$package"
    scripts/package_checks.sh installed "$scratch/venv"
    echo "works: $(basename "$package")"
done
