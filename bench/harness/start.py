"""The start case: what it costs to import a library, and what comes with it."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

from . import places
from .catalogue import Adapter

#: The languages in which a library is imported when the program starts.
LANGUAGES = {"python", "node"}

_PYTHON = """
import sys, time
began, modules = time.perf_counter(), len(sys.modules)
{imports}
took = time.perf_counter() - began
print('{{"ms": %f, "modules": %d, "threads": %d}}' % (took * 1e3, len(sys.modules) - modules, THREADS()))
"""
_THREADS = "\ndef THREADS():\n    import os\n    return len(os.listdir('/proc/self/task'))\n"
_NODE = """
const before = process.moduleLoadList.length
const began = performance.now()
await import({module})
const took = performance.now() - began
const {{ readdirSync }} = await import('node:fs')
console.log(JSON.stringify({{ ms: took, modules: process.moduleLoadList.length - before, threads: readdirSync('/proc/self/task').length }}))
"""


def run(adapter: Adapter) -> dict:
    """Imports once in a process of its own: `ms`, `modules`, `threads`, then `size_kb` and `packages`."""
    return {"python": _python, "node": _node}[adapter.language](adapter)


def bare(language: str) -> dict:
    """The same process without an import."""
    if language == "python":
        return _run([str(places.PYTHON), "-c", _THREADS + _PYTHON.format(imports="pass")])
    return _run(["node", "--input-type=module", "-e", _NODE.format(module=json.dumps("node:process"))])


def _python(adapter: Adapter) -> dict:
    imports = "import " + (adapter.imports or "")
    result = _run([str(places.PYTHON), "-c", _THREADS + _PYTHON.format(imports=imports)])
    return result | (_python_size(adapter.package) if adapter.package else _our_python_size())


def _node(adapter: Adapter) -> dict:
    ours = (places.OURS / "node" / "index.mjs").as_uri()
    module = json.dumps(adapter.imports if adapter.package else ours)
    result = _run(["node", "--input-type=module", "-e", _NODE.format(module=module)], places.NODE)
    return result | (_node_size(adapter.package) if adapter.package else _our_node_size())


def _run(command: list[str], folder: Path | None = None) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=places.environment())
    if done.returncode != 0:
        return {"error": done.stderr.strip()[-400:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


_CLOSURE = """
import json, re, sys
from importlib.metadata import distribution, PackageNotFoundError
seen, queue, size = {}, [sys.argv[1]], 0
while queue:
    name = re.sub(r"[-_.]+", "-", queue.pop()).lower()
    if name in seen: continue
    try: found = distribution(name)
    except PackageNotFoundError: continue
    seen[name] = sum(file.size or 0 for file in found.files or [])
    for need in found.requires or []:
        if "extra ==" in need or "sys_platform ==" in need: continue
        queue.append(re.match(r"[A-Za-z0-9._-]+", need)[0])
print(json.dumps({"size_kb": round(sum(seen.values()) / 1024), "packages": len(seen) - 1}))
"""


@cache
def _python_size(package: str) -> dict:
    return _run([str(places.PYTHON), "-c", _CLOSURE, package])


def _our_python_size() -> dict:
    folder = places.OURS / "python" / "evertoken"
    return {"size_kb": _kilobytes(folder), "packages": 0}


@cache
def _node_size(package: str) -> dict:
    """Walks the dependencies as Node resolves them, each package once."""
    seen: dict[Path, int] = {}
    queue = [(places.NODE, package)]
    while queue:
        start, name = queue.pop()
        folder = _resolve(start, name)
        if folder is None or folder in seen:
            continue
        seen[folder] = _kilobytes(folder, without="node_modules")
        needs = json.loads((folder / "package.json").read_text()).get("dependencies", {})
        queue += [(folder, need) for need in needs]
    return {"size_kb": sum(seen.values()), "packages": len(seen) - 1}


def _resolve(start: Path, name: str) -> Path | None:
    for folder in [start, *start.parents]:
        found = folder / "node_modules" / name
        if (found / "package.json").exists():
            return found
    return None


def _our_node_size() -> dict:
    """What is published, and the native half for this platform, which is an optional dependency."""
    folder = places.OURS / "node"
    patterns = json.loads((folder / "package.json").read_text())["files"] + ["package.json", "*.node"]
    return {"size_kb": sum(_kilobytes(each) for pattern in patterns for each in folder.glob(pattern)), "packages": 1}


def _kilobytes(path: Path, without: str = "__pycache__") -> int:
    if path.is_file():
        return round(path.stat().st_size / 1024)
    files = (file for file in path.rglob("*") if file.is_file() and without not in file.relative_to(path).parts)
    return round(sum(file.stat().st_size for file in files) / 1024)
