"""Checks the links of every Markdown file: relative ones for the file and the heading they name. `N passed, N failed`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def problem(page: Path, link: str) -> str | None:
    if re.match(r"[a-z]+:", link):
        return None if link.startswith(("https://", "mailto:")) else "is neither relative nor https"
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return "leads nowhere"
    if anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
        return "names a heading that is not there"
    return None


def main() -> int:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    passed, failed = 0, 0
    for page in (ROOT / name for name in names):
        for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            what = problem(page, link)
            passed, failed = passed + (what is None), failed + (what is not None)
            if what:
                print(f"{page.relative_to(ROOT)}: {link} {what}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
