"""Reads pytest's JUnit report: did the browser tests run, every one of them?

`python -m tests.browser_report report.xml` exits 1 when one was skipped or there was none: without a
browser they skip themselves, and a suite without them says nothing about what a visitor sees.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

BROWSER_TESTS = "tests.app"


def find_gaps(report: Path) -> list[str]:
    """One sentence per browser test that did not run, or one that there is none; empty when all ran."""
    if not report.exists():
        return ["pytest wrote no report"]
    ran, gaps = 0, []
    for case in ElementTree.parse(report).iter("testcase"):
        # A module skipped while it was collected has its name where a test has its class.
        name = f"{case.get('classname') or ''}.{case.get('name') or ''}".strip(".")
        if not name.startswith(BROWSER_TESTS + "."):
            continue
        skipped = case.find("skipped")
        if skipped is None:
            ran += 1
        else:
            gaps.append(f"{name} was skipped: {skipped.get('message') or 'no reason given'}")
    return gaps or ([] if ran else [f"no test of {BROWSER_TESTS} ran"])


if __name__ == "__main__":
    found = find_gaps(Path(sys.argv[1]))
    print("\n".join(found) or "every browser test ran")
    sys.exit(1 if found else 0)
