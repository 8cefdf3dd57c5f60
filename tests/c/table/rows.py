"""Writes the rows of tests/c/table/main.c: every exported function with NULL, with a text that is not UTF-8 and with a
handle of another type in the place of each argument.

    python3 tests/c/table/rows.py < bindings-c/exports.txt > rows.inc
"""

from __future__ import annotations

import re
import sys

# What stands in the place of a good argument, by its type and name; handles are the fixture's.
VALUES = {
    "int": "1",
    "int64_t": "0",
    "double": "1.0",
    "size_t": "1",
    "evertoken_read_callback": "read_nothing",
    "evertoken_write_callback": "write_nothing",
    "evertoken_event_callback": "see_event",
    "evertoken_log_callback": "see_line",
    "evertoken_token_callback": "count_token",
    "evertoken_authorization_callback": "count_authorization",
    "evertoken_verdict_callback": "count_verdict",
    "evertoken_response_callback": "count_response",
    "evertoken_stats *": "&out.stats",
    "const evertoken_header *": "&header",
    "evertoken_header *": "&out.header",
    "const char *const *": "texts",
    "char *": "out.buffer",
    "size_t *": "&out.len",
    "evertoken_error **": "&error",
}
BY_NAME = {
    "method": '"GET"',
    "url": '"/pismo/api/x"',
    "base_url": '"http://127.0.0.1"',
    "token_url": '"http://127.0.0.1/token"',
    "flow_name": '"pismo"',
    "path": "profile_path",
    "name": '"mine"',
    "status": "200",
    "stats_size": "sizeof out.stats",
    "capacity": "sizeof out.buffer",
    "buffer": "out.buffer",
    "body": '"x"',
    "body_prefix": '"x"',
    "userdata": "&counted",
}
# Arguments that may be left out, and what the call then comes to.
OPTIONAL = {
    ("evertoken_config_passkit", "region"): "OK",
    ("evertoken_config_passkit_token", "region"): "OK",
    ("evertoken_config_password", "client_id"): "OK",
    ("evertoken_config_password", "client_secret"): "OK",
    ("evertoken_config_profile", "path"): "CONFIG_INVALID",
    ("evertoken_config_set_client_cert", "key_path"): "OK",
    ("evertoken_client_authorize", "url"): "OK",
    ("evertoken_client_authorize_start", "url"): "OK",
}


def split(signature: str) -> tuple[str, str, list[tuple[str, str]]]:
    """The result's type, the name, and the arguments as (type, name)."""
    found = re.fullmatch(r"(.*?)(evertoken_\w+)\((.*)\)", signature)
    assert found, signature
    arguments = []
    for argument in found[3].split(", "):
        if argument != "void":
            kind, name = re.fullmatch(r"(.*?)(\w+)", argument).groups()  # type: ignore[union-attr]
            arguments.append((kind.strip(), name))
    return found[1].strip(), found[2], arguments


def is_handle(kind: str) -> bool:
    return bool(re.fullmatch(r"(const )?evertoken_(?!header|stats)\w+ \*", kind))


def good(function: str, kind: str, name: str) -> str:
    if is_handle(kind):
        noun = kind.removeprefix("const ").removeprefix("evertoken_").removesuffix(" *")
        return f"good.{noun}"
    if re.fullmatch(r"evertoken_\w+ \*\*", kind) and kind != "evertoken_error **":
        return f"&out.{name}"
    if kind in ("const char *", "const void *", "void *") or name in BY_NAME:
        return BY_NAME.get(name, '"text"')
    return VALUES[kind]


def rows(signature: str) -> list[str]:
    result, function, arguments = split(signature)
    values = [good(function, kind, name) for kind, name in arguments]
    written = []

    def row(at: int, value: str, expected: str) -> None:
        changed = [*values[:at], value, *values[at + 1 :]]
        call = f"{function}({', '.join(changed)})"
        what = f"{function}: {arguments[at][1]} is {value}".replace('"', "'")
        if result == "evertoken_status" and function != "evertoken_error_status":
            with_error = any(kind == "evertoken_error **" for kind, _ in arguments)
            written.append(f'STATUS("{what}", EVERTOKEN_{expected}, {int(with_error)}, {call})')
        else:
            written.append(f'LOOK("{what}", {"" if result == "void" else "(void)"}{call})')

    for at, (kind, name) in enumerate(arguments):
        if name == "userdata" or kind == "evertoken_error **" or ("*" not in kind and "callback" not in kind):
            continue
        if function.endswith("_start") and name == "call":
            row(at, "NULL", "OK")
            continue
        row(at, "NULL", OPTIONAL.get((function, name), "NULL_ARGUMENT"))
        if kind == "const char *":
            row(at, "BAD", "BAD_UTF8")
        if is_handle(kind):
            stranger = "good.request" if "evertoken_config" in kind else "good.config"
            row(at, f"({kind})(void *){stranger}", "MISUSE")
    return written


def main() -> None:
    for line in sys.stdin.read().splitlines():
        if "(" in line:
            print("\n".join(rows(line)))


if __name__ == "__main__":
    main()
