"""The site of the documentation: every page is found in it, and its references leave nothing out."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generator import api, cli, settings
from docs.generator.language import HERE, Language
from docs.generator.pages import follow_links, pages_of
from satellite.settings.group import variables_of
from tests.acceptance.platform import SATELLITE
from tests.documents.examples import TITLE

ROOT = Path(__file__).parents[2]
MADE = {f"docs/reference/{name}.md" for name in ("api", "cli", "settings", "sdk", "client")}
BESIDE = re.compile(r"^(docs/decisions/\d|examples/|workflows/|plugins/).*")
"""Pages that others lead to: of each decision, of each example."""
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def listed(language: Language) -> set[str]:
    config = tomllib.loads((HERE / f"site.{language}.toml").read_text())

    def pages(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            yield from pages(list(entry.values()))
        else:
            for each in entry:
                yield from pages(each)

    return set(pages(config["nav"]))


@pytest.mark.parametrize("language", Language)
def test_every_page_is_in_the_menu(language: Language) -> None:
    there = {"README.md" if page == "README.ko.md" else page for page in pages_of(language)}
    wanted = {page for page in there if not BESIDE.match(page)} | (MADE if language == "en" else set())
    missing = wanted - listed(language)

    assert missing == set(), f"add them to `nav` in docs/generator/site.{language}.toml"
    assert listed(language) <= there | MADE


@pytest.mark.parametrize("page", ["README.md", "workflow.md", "model.md"])
def test_both_languages_have_the_same_commands(page: str) -> None:
    english, korean = (
        [fence for fence in FENCE.findall((ROOT / folder / page).read_text()) if _is_done(fence[0])]
        for folder in ("docs/tutorial", "docs/ko/tutorial")
    )

    assert english, "there is nothing to be done in it"
    assert korean == english


def _is_done(kind: str) -> bool:
    return kind in {"bash", "python", "text"} or TITLE.search(kind) is not None


def test_links_lead_to_pages_or_are_words() -> None:
    known = frozenset({"docs/a.md", "plugins/README.md", "docs/decisions/README.md"})
    text = "[a](a.md#x) [plugins](../plugins/) [why](decisions/README.md) [code](../shared/s.py) [e](https://e.org)"

    assert follow_links(text, "docs/b.md", known) == (
        "[a](a.md#x) [plugins](../plugins/README.md) [why](decisions/README.md) code (`shared/s.py`) "
        "[e](https://e.org)"
    )


def test_links_to_the_other_language_lead_up_to_its_site() -> None:
    beside = frozenset({"docs/models.md", "README.md"})

    def followed(page: str) -> str:
        return follow_links("[m](../../models.md#a)", page, frozenset(), beside)

    assert followed("docs/ko/tutorial/model.md") == "[m](../../../../docs/models/#a)"
    assert followed("docs/ko/tutorial/README.md") == "[m](../../../../docs/models/#a)"
    assert follow_links("[e](README.md)", "README.ko.md", frozenset(), beside) == "[e](../)"


def test_every_route_is_told_of() -> None:
    page = api.page()

    for path, methods in api.read_document()["paths"].items():
        for method in set(methods) & set(api.METHODS):
            assert f"### `{method.upper()} {path}`" in page


def test_every_command_is_told_of() -> None:
    page = cli.page()
    helped = subprocess.run([SATELLITE, "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^│ ([a-z]+) ", helped, re.MULTILINE))

    assert {"up", "demo", "workflow"} <= commands
    assert {command for command in commands if f"satellite {command}" not in page} == set()


def test_no_group_of_settings_is_elsewhere() -> None:
    parts = ("shared", "operation-server", "analysis-server")
    sources = [file for part in parts for file in (ROOT / part / "src").rglob("*.py")]
    having = [file for file in sources if "(SettingsGroup)" in file.read_text()]
    modules = {str(file.with_suffix("")).rpartition("/src/")[2].replace("/", ".") for file in having}

    assert modules == set(settings.WHERE), "name them in WHERE of docs/generator/settings.py"


def test_every_setting_is_told_of() -> None:
    page = settings.page()
    variables = [variables_of(group, name)[0] for group in settings.groups() for name in group.model_fields]

    assert len(variables) > 50
    assert [variable for variable in variables if f"`{variable}`" not in page] == []
