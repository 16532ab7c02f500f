"""Tutorials and how-tos do what they say, command by command, on one platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.platform import Platform
from tests.documents.examples import Reader
from tests.plugins.folders import REPOSITORY_ROOT

# A document is many commands, and the first may wait for a platform to start.
pytestmark = pytest.mark.timeout(1800)

FOLLOWED = [
    "docs/tutorial/README.md",
    "docs/tutorial/workflow.md",
    "docs/tutorial/model.md",
    *sorted(
        str(page.relative_to(REPOSITORY_ROOT))
        for page in (REPOSITORY_ROOT / "docs/how-to").glob("*.md")
        if page.name != "README.md"
    ),
]


@pytest.mark.parametrize("document", FOLLOWED)
def test_what_it_says_works(document: str, checkout: Path, platform: Platform) -> None:
    reader = Reader(checkout)

    reader.follow(REPOSITORY_ROOT / document)

    assert reader.commands, "there is nothing in it to be run"
