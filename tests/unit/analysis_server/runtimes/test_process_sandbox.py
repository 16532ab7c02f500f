"""What is told of fences that are missing, and what a plugin is shown of the machine's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis_server.runtimes.process.private_view import interpreter_folders, prepare_view
from analysis_server.runtimes.process.sandbox import ProcessSandbox
from satellite.contracts.plugin_manifest import PluginResources


def sandbox(*, is_root: bool = True, own_user: bool = True, namespaces: bool = True) -> ProcessSandbox:
    own_places = is_root and namespaces
    return ProcessSandbox(is_root=is_root, own_user=own_user, namespaces=namespaces, own_places=own_places)


@pytest.mark.parametrize(
    ("fences", "told"),
    [
        (sandbox(), ()),
        (sandbox(own_user=False), ("run as root",)),
        (sandbox(namespaces=False), ("share the machine's network",)),
        (sandbox(is_root=False, own_user=False), ("run as the worker's user", "share the machine's `/tmp`")),
        (
            sandbox(is_root=False, own_user=False, namespaces=False),
            ("run as the worker's user", "share the machine's network"),
        ),
    ],
)
def test_what_is_missing_is_told(fences: ProcessSandbox, told: tuple[str, ...]) -> None:
    sentences = list(fences.weaknesses())
    assert len(sentences) == 2 + len(told)
    assert all(any(part in sentence for sentence in sentences) for part in told)


def test_what_is_needed_shows_through_what_is_closed(tmp_path: Path) -> None:
    closed, needed = tmp_path / "closed", tmp_path / "closed" / "a plugin"
    needed.mkdir(parents=True)
    closed.chmod(0o700)
    tmp_path.chmod(0o755)
    table = tmp_path / "view"
    script = prepare_view(table, shown=[needed], resources=PluginResources(tmp_mib=7), start_in=needed)
    lines = table.read_text().splitlines()
    assert any(line.startswith("satellite /tmp tmpfs size=7m,") for line in lines)
    assert str(needed).replace(" ", "\\040") in lines[-1]
    assert f"mount -c -a -T {table} || exit 126" in script
    assert script.endswith(f"cd '{needed}' || exit 126; ")


def test_the_installations_of_an_environments_python_are_followed(tmp_path: Path) -> None:
    for folder in ("env", "venv", "base"):
        (tmp_path / folder / "bin").mkdir(parents=True)
    (tmp_path / "base/bin/python3.11").touch()
    (tmp_path / "venv/bin/python3").symlink_to(tmp_path / "base/bin/python3.11")
    (tmp_path / "venv/bin/python").symlink_to("python3")
    (tmp_path / "env/bin/python").symlink_to(tmp_path / "venv/bin/python")
    found = {path.name for path in interpreter_folders(tmp_path / "env")}
    assert found == {"venv", "base"}
