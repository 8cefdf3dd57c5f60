"""`python3 -m harness [short|full] [--cases header,request] [--languages python,c] [--render]` from bench/."""

from __future__ import annotations

import argparse
import json

from . import places, plan
from .catalogue import LANGUAGES
from .measure import CASES, measure
from .page import page
from .plots import plots
from .targets import targets


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("version", nargs="?", choices=("short", "full"), default="short")
    parser.add_argument("--cases", default=",".join(CASES), help="of " + ", ".join(CASES))
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="of " + ", ".join(LANGUAGES))
    parser.add_argument("--render", action="store_true", help="measure nothing: page and plots from the results that are there")
    asked = parser.parse_args()
    version = plan.FULL if asked.version == "full" else plan.SHORT
    folder = places.RESULTS / version.name
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "results.json"
    if asked.render:
        results = json.loads(kept.read_text())
    else:
        results = measure(version, asked.cases.split(","), set(asked.languages.split(",")))
        kept.write_text(json.dumps(results, separators=(",", ":")) + "\n")
    pictures = plots(results)
    for name, text in pictures.items():
        (folder / name).write_text(text)
    (folder / "README.md").write_text(page(results, pictures))
    for row in targets(results):
        if row.met is not None:
            print(f"{'yes' if row.met else 'NO ':3}  {row.what}: {row.measured} (target {row.limit})")
    print(f"\nbench/results/{version.name}/README.md has all figures")


if __name__ == "__main__":
    main()
