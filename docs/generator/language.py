"""The languages of the site, and how its engine is told of one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).parent
SITE = "satellite-documentation"


class Language(StrEnum):
    """A language with a site of its own, so that its words are searched as such."""

    ENGLISH = "en"
    KOREAN = "ko"

    @property
    def folder_of_site(self) -> str:
        """Return where its site is, below the folder of all."""
        return "site" if self is Language.ENGLISH else f"site/{self}"


def write_config(folder: Path, language: Language) -> None:
    """Write what the engine reads: what is the same in both languages, and the language's own."""
    own = (HERE / f"site.{language}.toml").read_text()
    both = (HERE / "site.toml").read_text()
    places = f'docs_dir = "{language}"\nsite_dir = "{language.folder_of_site}"\n'
    (folder / f"zensical.{language}.toml").write_text(f"[project]\n{places}{own}\n{both}")
