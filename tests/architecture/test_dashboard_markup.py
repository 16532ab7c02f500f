"""What plugins and operations say reaches the page of the API description as text, never as markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from operation_server.dashboard.pages import HEADERS, STATIC

MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|createContextualFragment"
    r"|\beval\(|new Function|setHTML|javascript:"
)


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.js")), ids=lambda file: str(file.name))
def test_no_script_makes_markup_of_text(file: Path) -> None:
    assert not MAKES_MARKUP.search(file.read_text())


def test_the_page_itself_runs_nothing_inline() -> None:
    page = (STATIC / "docs.html").read_text()

    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+\s*=", page)
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
