"""Every folder in `plugins/` obeys the contract on paper."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from satellite.contracts.plugin_manifest import PluginManifest
from tests.plugins.folders import PLUGIN_FOLDERS, REPOSITORY_ROOT, examples, read_manifest

each_folder = pytest.mark.parametrize("folder", PLUGIN_FOLDERS, ids=lambda folder: folder.name)
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][^\s=*]*$")


def test_the_examples_are_there():
    assert [folder.name for folder in PLUGIN_FOLDERS] == [
        "example-classifier",
        "example-failing",
        "example-processor",
        "example-warm",
        "onnx-model",
        "python-task",
    ]


@each_folder
def test_every_part_is_there(folder: Path):
    names = {path.name for path in folder.iterdir()}

    assert names >= {"plugin.json", "Dockerfile", "main.py", "requirements.txt", "README.md", "tests"}


@each_folder
def test_manifest_is_valid_and_named_as_its_folder(folder: Path):
    manifest = PluginManifest.model_validate(read_manifest(folder))

    assert manifest.name == folder.name
    assert manifest.docker_image == f"satellite/{manifest.name}:{manifest.version}"
    assert manifest.description
    assert not manifest.needs_admin


@each_folder
def test_schemas_are_valid_and_told(folder: Path):
    manifest = read_manifest(folder)
    for key in ("input_schema", "output_schema"):
        jsonschema_rs.meta.validate(manifest[key])
        assert manifest[key]["title"]
    untitled = [name for name, part in manifest["input_schema"]["properties"].items() if "title" not in part]
    assert [name for name in untitled if "$ref" not in manifest["input_schema"]["properties"][name]] == []


@each_folder
def test_examples_satisfy_the_input_schema(folder: Path):
    validator = jsonschema_rs.validator_for(read_manifest(folder)["input_schema"])

    assert len(examples(folder)) >= 2
    for example in examples(folder):
        validator.validate(example)


@each_folder
def test_requirements_are_pinned(folder: Path):
    lines = [line.strip() for line in (folder / "requirements.txt").read_text().splitlines()]

    unpinned = [line for line in lines if line and not line.startswith("#") and not PINNED.match(line)]
    assert unpinned == []


@each_folder
def test_only_the_sdk_is_imported_from_the_project(folder: Path):
    """A plugin may use its own modules, its requirements and, of Satellite, the SDK."""
    sdk = {"satellite.plugin", "satellite.plugin.model"}
    ours = {"operation_server", "analysis_server", "tests"}
    for file in folder.rglob("*.py"):
        for module in imported_modules(file):
            root = module.partition(".")[0]
            assert root not in ours, f"{file} imports {module}"
            assert root != "satellite" or module in sdk, f"{file} imports {module}"


@each_folder
def test_own_modules_hide_no_module_of_the_standard_library(folder: Path):
    assert {file.stem for file in folder.glob("*.py")} & set(sys.stdlib_module_names) == set()


@each_folder
def test_readme_tells_of_every_input(folder: Path):
    readme = (folder / "README.md").read_text()

    assert readme.startswith(f"# {folder.name}\n")
    for name in read_manifest(folder)["input_schema"]["properties"]:
        assert f"`{name}" in readme, f"{name} is missing in the README"


@each_folder
def test_dockerfile_is_hardened_like_its_container(folder: Path):
    dockerfile = (folder / "Dockerfile").read_text()

    assert "\nFROM python:3.11-slim\n" in dockerfile
    assert "\nUSER 65534:65534\n" in dockerfile
    assert f"COPY plugins/{folder.name}/*.py ./" in dockerfile
    assert "\nENTRYPOINT [" in dockerfile


def test_tutorial_links_lead_somewhere():
    for page in [REPOSITORY_ROOT / "plugins/README.md", *(folder / "README.md" for folder in PLUGIN_FOLDERS)]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page} links to {target}"


def test_every_way_of_failing_is_documented():
    folder = REPOSITORY_ROOT / "plugins/example-failing"
    readme = (folder / "README.md").read_text()

    for how in read_manifest(folder)["input_schema"]["properties"]["how"]["enum"]:
        assert f"| `{how}` |" in readme


def imported_modules(file: Path) -> list[str]:
    """Return the absolute modules that a Python file imports."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(node.module or "")
    return found
