#!/bin/sh
# Makes .venv with the pinned Python packages and node_modules from the lock files. Does nothing when they are up to date.
#
#   scripts/environment.sh           for tests
#   scripts/environment.sh demo      only an empty .venv: the demo uses the standard library
set -eu
cd "$(dirname "$0")/.."

[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
[ "${1:-test}" = demo ] && exit 0

requirements=tests/requirements.txt
stamp=.venv/requirements.stamp
if ! cmp -s "$requirements" "$stamp"; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$stamp"
fi

for folder in bindings-node tests/node tests/servers/node; do
    if [ -f "$folder/package-lock.json" ] && ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.lock.stamp"; then
        (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts)
        cp "$folder/package-lock.json" "$folder/node_modules/.lock.stamp"
    fi
done
# The Node package itself, as its sources stand.
ln -sfn ../../../../bindings-node tests/servers/node/node_modules/evertoken
