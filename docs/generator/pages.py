"""Pages as they are written: gathered where the repository has them, so that their links hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath
from posixpath import normpath

from docs.generator.language import Language

ROOT = Path(__file__).parents[2]
KOREAN = ("README.ko.md", "docs/ko/")
LEFT_OUT = ("docs/generator/", "k8s/", "tests/", "analysis-server/", "operation-server/", "shared/")
LINK = re.compile(r"(?<!\!)\[([^\]]+)\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


def write(sources: Path, language: Language) -> None:
    """Write the pages of a language, and the pictures that they show."""
    known = pages_of(language)
    beside = pages_of(Language.ENGLISH) - known
    for page in sorted(known):
        text = (ROOT / page).read_text()
        target = sources / _place(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(follow_links(text, page, known, beside))
        for picture in IMAGE.findall(text):
            _copy(ROOT / page, picture, target)


def pages_of(language: Language) -> frozenset[str]:
    """Return the paths of a language's pages from the root of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    there = {page for page in listed if not page.startswith(LEFT_OUT) and (ROOT / page).exists()}
    korean = {page for page in there if page.startswith(KOREAN)}
    return frozenset(korean if language is Language.KOREAN else there - korean)


def follow_links(text: str, page: str, known: frozenset[str], beside: frozenset[str] = frozenset()) -> str:
    """Return a page whose links lead to pages: a folder's to what it says of itself, others are text.

    Pages `beside` are on the English site, below which the page's own site is.
    """

    def followed(link: re.Match[str]) -> str:
        words, target = link.groups()
        path, _, place = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return link[0]
        full = normpath(str(PurePosixPath(page).parent / path))
        address = _led_to(full, path, page, known, beside)
        return _linked(words, full, address and f"{address}{place and f'#{place}'}")

    return LINK.sub(followed, text)


def _linked(words: str, full: str, address: str | None) -> str:
    """Return words as a link, or with the name of what no page shows."""
    if address is None:
        return words if words.startswith("`") else f"{words} (`{full}`)"
    return f"[{words}]({address})"


def _led_to(full: str, path: str, page: str, known: frozenset[str], beside: frozenset[str]) -> str | None:
    """Return where the link of a page leads that is at `path` from it, and at `full` from the root."""
    own = f"{full}/README.md"
    if full == KOREAN[0]:
        return "ko/"
    if full in known or full.startswith("docs/reference/"):
        return path
    if own in known:
        return f"{path.rstrip('/')}/README.md"
    found = {full, own} & beside
    return f"{_up(page)}{_address(found.pop())}" if found else None


def _up(page: str) -> str:
    """Return the way from a page to the site above its own; the engine adds what its addresses need."""
    return "../" * (page.count("/") + 1)


def _address(page: str) -> str:
    """Return where the engine puts a page below its site."""
    return page.removesuffix("README.md") if page.endswith("README.md") else f"{page.removesuffix('.md')}/"


def _place(page: str) -> str:
    return "README.md" if page == "README.ko.md" else page


def _copy(page: Path, picture: str, target: Path) -> None:
    source, copy = page.parent / picture, target.parent / picture
    if source.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
