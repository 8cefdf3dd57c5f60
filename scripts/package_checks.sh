#!/usr/bin/env bash
# Installs each package, from an existing release build, into an empty place as users do, and uses it once.
#
#   scripts/package_checks.sh wheel|npm|install
#   scripts/package_checks.sh installed VENV
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One value of the JSON in $line, by its path.
value() {
    "${PYTHON:-python3}" -c 'import functools, json, sys; print(functools.reduce(dict.get, sys.argv[2:], json.loads(sys.argv[1])))' "$line" "$@"
}

wheel() {
    "${PYTHON:-python3}" -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check .
    installed "$scratch/venv"
}

# The Python package in an environment: command, module, and what importing costs.
installed() {
    local bin
    bin=$(cd "$1/bin" && pwd)
    cd "$scratch"
    "$bin/evertoken" --version
    "$bin/python" -m evertoken --version
    "$bin/python" -W error - <<'PROGRAM'
import importlib.metadata
import os
import subprocess
import sys
import time

began = time.perf_counter()
import evertoken

took = time.perf_counter() - began
threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
assert threads == 1, threads

from evertoken.testing import Sandbox

assert evertoken.__version__ == importlib.metadata.version("evertoken")
with Sandbox() as sandbox, sandbox.pismo().client() as client:
    assert client.get("/pismo/api/x").status_code == 200
    assert "sandbox-server-key+1" not in repr(client)
# The shortest of several: other load on the machine can only make it longer.
program = "import time; began = time.perf_counter(); import evertoken; print(time.perf_counter() - began)"
took = min(took, *(float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(5)))
print(f"imported in {took * 1000:.1f} ms")
PROGRAM
}

npm() {
    "${PYTHON:-python3}" -c 'import sys; sys.path.insert(0, "scripts"); import artefacts, pathlib; artefacts.node(pathlib.Path("target/release"))'
    line=$(node bindings-node/pack.mjs "$scratch")
    local main platform
    main=$(value main) platform=$(value platform)
    cd "$scratch"
    echo '{"private":true,"type":"module"}' >package.json
    # Without the packages for other platforms, which are not built here.
    command npm install --silent --no-audit --no-fund --offline --omit=optional "$main" "$platform"
    node_modules/.bin/evertoken --version
    cat >program.mjs <<'PROGRAM'
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Client } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

assert.equal(createRequire(import.meta.url)('evertoken').Client, Client)
const sandbox = await Sandbox.start()
const client = sandbox.pismo()
assert.equal((await client.fetch('/pismo/api/x')).status, 200)
await client.close()
await sandbox.close()
PROGRAM
    node program.mjs
}

install() {
    make --no-print-directory install PREFIX=/opt/evertoken DESTDIR="$scratch/stage"
    local prefix=$scratch/stage/opt/evertoken
    cat >"$scratch/program.c" <<'PROGRAM'
#include <evertoken.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_response *response = NULL;
    if (evertoken_config_pismo(getenv("URL"), getenv("KEY"), getenv("SECRET"), &config, NULL) != EVERTOKEN_OK
        || evertoken_client_new(config, &client, NULL) != EVERTOKEN_OK
        || evertoken_client_request(client, "GET", "/pismo/api/x", NULL, 0, 10000, &response, NULL) != EVERTOKEN_OK) {
        return 1;
    }
    printf("%d\n", evertoken_response_status(response));
    evertoken_response_free(response);
    evertoken_client_free(client);
    evertoken_config_free(config);
    return 0;
}
PROGRAM
    coproc SANDBOX { exec target/release/evertoken sandbox --until-stdin-closes; }
    read -r line <&"${SANDBOX[0]}"
    URL=$(value url) KEY=$(value credentials pismo server_key) SECRET=$(value credentials pismo server_secret)
    export URL KEY SECRET PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$scratch/stage
    local compiler=${CC:-cc} flags
    flags=$(pkg-config --cflags --libs evertoken)
    # shellcheck disable=SC2086  # lists of words
    $compiler -std=c99 -Wall -Wextra -Wpedantic -Werror -o "$scratch/shared" "$scratch/program.c" $flags
    [ "$(LD_LIBRARY_PATH=$prefix/lib "$scratch/shared")" = 200 ]
    flags=$(pkg-config --cflags --libs evertoken-static)
    # shellcheck disable=SC2086
    $compiler -std=c99 -Wall -Wextra -Wpedantic -Werror -o "$scratch/static" "$scratch/program.c" $flags
    [ "$("$scratch/static")" = 200 ]
    "$prefix/bin/evertoken" --version
    exec {SANDBOX[1]}>&-
    make --no-print-directory uninstall PREFIX=/opt/evertoken DESTDIR="$scratch/stage"
    [ -z "$(find "$scratch/stage" -type f)" ]
}

"$@"
echo "works: $1 ($root)" >&2
