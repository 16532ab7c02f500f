"""Asks pip-audit for known vulnerabilities, and tells when nobody could answer.

Without its database pip-audit says "No known vulnerabilities found" of packages that it has skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.plugins.folders import REPOSITORY_ROOT

PROGRAM = REPOSITORY_ROOT / "build/audit/env/bin/pip-audit"
LOCKS = [REPOSITORY_ROOT / "requirements.lock", *sorted(REPOSITORY_ROOT.glob("*-server/requirements.lock"))]


def main() -> int:
    """Return 1 where a package has a known vulnerability."""
    packages = [package for lock in LOCKS for package in audit(lock)]
    skipped = {package["name"] for package in packages if "skip_reason" in package}
    found = sorted(set(vulnerabilities(packages)))
    print(*found, sep="\n")
    asked = {package["name"] for package in packages} - skipped
    print(f"{len(found)} known vulnerabilities in {len(asked)} packages")
    if skipped:
        print(f"SKIPPED, because the database did not answer: {len(skipped)} packages", file=sys.stderr)
    return 1 if found else 0


def audit(lock: Path) -> Sequence[dict[str, Any]]:
    """Return the packages of a lock file as pip-audit knows them."""
    command = [PROGRAM, "--disable-pip", "--require-hashes", "--format=json", "-r", lock]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"pip-audit failed on {lock.name}: {done.stderr[-500:]}")
    packages: Sequence[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return packages


def vulnerabilities(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each vulnerability."""
    for package in packages:
        for fault in package.get("vulns", []):
            mended = ", ".join(fault["fix_versions"]) or "nowhere yet"
            yield f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"


sys.exit(main())
