"""Makes the Python package importable in the running virtual environment, from its sources.

    .venv/bin/python scripts/python_editable.py

An edit shows at the next import; the native module is what scripts/artefacts.py put there. Command and pytest plugin come from
pyproject.toml, as in the wheel. `pip install -e .` does the same and compiles once more.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

ROOT = Path(__file__).resolve().parent.parent
SITE = Path(sysconfig.get_path("purelib"))
SCRIPTS = Path(sysconfig.get_path("scripts"))


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
    name = project["name"]
    for old in SITE.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    info = SITE / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "INSTALLER").write_text("scripts/python_editable.py\n", encoding="utf-8")
    groups = {"console_scripts": project.get("scripts", {})} | project.get("entry-points", {})
    lines: list[str] = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *(f"{entry} = {target}" for entry, target in entries.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (SITE / f"{name}.pth").write_text(f"{ROOT / 'bindings-python' / 'python'}\n", encoding="utf-8")
    for command, target in project.get("scripts", {}).items():
        module, function = target.split(":")
        script = SCRIPTS / command
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8")
        script.chmod(0o755)


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix:
        sys.exit("run me with the Python of a virtual environment")
    main()
