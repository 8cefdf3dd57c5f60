"""Runs the README's Python, JavaScript, C and C++ snippets against a sandbox. `N passed, N failed`.

    .venv/bin/python scripts/snippets.py target/debug

The snippets of one language run in one program, in their order, as a reader would type them. Hosts of providers are replaced by
the sandbox's, credentials come from the environment, and nothing else is changed. Rust snippets are compiled by `cargo test --doc`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / sys.argv[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
LIBRARY = ROOT / "build" / "c"
LINK = [f"-L{LIBRARY}", f"-Wl,-rpath,{LIBRARY}", "-levertoken"]
VARIABLES = {
    "PISMO_SERVER_KEY": ("pismo", "server_key"),
    "PISMO_SERVER_SECRET": ("pismo", "server_secret"),
    "PASSKIT_USERNAME": ("passkit", "username"),
    "PASSKIT_PASSWORD": ("passkit", "password"),
    "PLAIN_USERNAME": ("plain", "username"),
    "PLAIN_PASSWORD": ("plain", "password"),
}
C_PROGRAM = """\
{includes}#include <stdio.h>
#include <stdlib.h>

int main(void)
{{
{body}
    int status = evertoken_response_status(response);
    evertoken_response_free(response);
    evertoken_client_free(client);
    evertoken_config_free(config);
    return status == 200 ? 0 : 1;
}}
"""
CPP_PROGRAM = """\
{includes}#include <cstdlib>
#include <iostream>

int main()
{{
{body}
    return client.get("/api/accounts/123").status() == 200 ? 0 : 1;
}}
"""


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def against(url: str, text: str) -> str:
    """The same text with the sandbox for the providers' hosts, and its API route for the API's."""
    text = re.sub(r"https://(sandbox\.pismolabs\.io|api\.example\.com)", url, text)
    text = text.replace('region="pub1"', f'base_url="{url}"')
    return text.replace("/accounts/123", "/api/accounts/123")


def run(command: list[str], environment: dict[str, str], folder: Path) -> bool:
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        print(f"{' '.join(command[:2])} failed:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def python(url: str, environment: dict[str, str], folder: Path) -> list[bool]:
    """The test among them is run by pytest, the others are one program."""
    tests = [text for text in snippets("python") if text.startswith("def test_")]
    program = "\n\n".join(text for text in snippets("python") if text not in tests)
    (folder / "program.py").write_text(against(url, program), encoding="utf-8")
    (folder / "test_readme.py").write_text("\n\n".join(tests), encoding="utf-8")
    return [
        run([sys.executable, "-W", "error", "program.py"], environment, folder),
        run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "test_readme.py"], environment, folder),
    ]


def javascript(url: str, environment: dict[str, str], folder: Path) -> list[bool]:
    # The package as its sources stand, and the libraries that it has adapters for.
    (folder / "node_modules").symlink_to(ROOT / "tests" / "node" / "node_modules", target_is_directory=True)
    (folder / "program.mjs").write_text(against(url, "\n".join(snippets("js"))), encoding="utf-8")
    return [run(["node", "program.mjs"], environment, folder)]


def c_program(frame: str, text: str) -> str:
    """A program of snippets: their includes at its top, the rest in its `main`."""
    include = re.compile(r"^#include .*\n", re.MULTILINE)
    return frame.format(includes="".join(include.findall(text)), body=include.sub("", text))


def c(url: str, environment: dict[str, str], folder: Path) -> list[bool]:
    (folder / "program.c").write_text(c_program(C_PROGRAM, against(url, "\n".join(snippets("c")))), encoding="utf-8")
    compiler = os.environ.get("CC", "cc").split()
    return [
        run([*compiler, "-std=c99", *FLAGS, "program.c", "-o", "program", *LINK], environment, folder)
        and run(["./program"], environment, folder)
    ]


def cpp(url: str, environment: dict[str, str], folder: Path) -> list[bool]:
    (folder / "program.cpp").write_text(c_program(CPP_PROGRAM, against(url, "\n".join(snippets("cpp")))), encoding="utf-8")
    compiler = os.environ.get("CXX", "c++").split()
    return [
        run([*compiler, "-std=c++17", *FLAGS, "program.cpp", "-o", "program", *LINK], environment, folder)
        and run(["./program"], environment, folder)
    ]


def main() -> int:
    command = [str(BUILT / "evertoken"), "sandbox", "--until-stdin-closes"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sandbox,
        tempfile.TemporaryDirectory() as scratch,
    ):
        assert sandbox.stdin
        assert sandbox.stdout
        line = json.loads(sandbox.stdout.readline())
        environment = os.environ | {variable: str(line["credentials"][provider][name]) for variable, (provider, name) in VARIABLES.items()}
        outcomes: list[bool] = []
        for language in (python, javascript, c, cpp):
            folder = Path(scratch) / language.__name__
            folder.mkdir()
            outcomes += language(line["url"], environment, folder)
        sandbox.stdin.close()
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
