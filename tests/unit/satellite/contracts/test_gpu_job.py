"""What a GPU job may name: nothing that leaves its folder, becomes an option, or is read by a shell."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from satellite.contracts.gpu_job import GpuJobInput
from satellite.contracts.gpu_job_schema import input_schema
from satellite.schemas.compiled import CompiledSchema

FILE = {"$file": "f"}
SCHEMA = CompiledSchema(input_schema())
PIECES = st.sampled_from(
    ["a", "b.py", ".", "..", "...", "/", "//", "-", "--x", "~", "\\", "\x00", "\n", " ", "'", '"', "$(id)",
     ";", "`", "%2e", "é", ".git", "@{", ".lock", ":", "https://", "ssh://", "git@", "file://", "ext::", "x"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=20)


def accepted(**fields: Any) -> GpuJobInput | None:
    try:
        return GpuJobInput.model_validate({"command": ["true"], **fields})
    except ValidationError:
        return None


def is_refused_by_schema(**fields: Any) -> bool:
    return not SCHEMA.is_valid({"command": ["true"], **fields})


@given(TEXTS)
@example("a/../../b")
@example("a/..")
@example("..\n")
@example("a\n")
def test_no_path_leaves_its_folder(path: str) -> None:
    found = accepted(data={path: FILE})
    if found is None:
        return
    assert not path.startswith(("/", "-", "~"))
    assert posixpath.normpath(path) == path
    assert ".." not in path.split("/")
    assert not any(character < " " or character in {"\\", "\x7f"} for character in path)


@given(TEXTS)
@example("/srv/../etc")
@example("//host/share")
def test_existing_code_is_named_by_the_path_that_it_has(path: str) -> None:
    if accepted(code={"source": "existing", "path": path}) is not None:
        assert path.startswith("/")
        assert posixpath.normpath(path) == path


@given(TEXTS)
@example("main\n")
@example("-u")
@example("a..b")
def test_no_ref_is_an_option_or_a_range(ref: str) -> None:
    if accepted(code={"source": "git", "url": "https://git.example/a", "ref": ref}) is not None:
        assert not ref.startswith(("-", ".", "/"))
        assert not {*" \n~^:?*[\\\x00"} & {*ref}
        assert ".." not in ref
        assert "@{" not in ref


@given(TEXTS)
@example("https://u:p@git.example/a")
@example("ssh://-oProxyCommand=id/a")
@example("https://git.example/a\n")
def test_git_is_asked_by_https_or_ssh_alone(url: str) -> None:
    for text in (url, f"https://{url}", f"ssh://{url}/a", f"https://git.example/{url}"):
        if accepted(code={"source": "git", "url": text}) is not None:
            scheme, _, rest = text.partition("://")
            assert scheme in {"https", "ssh"}
            assert not rest.startswith("-")
            host = rest.partition("/")[0]
            assert "@" not in host or scheme == "ssh"
            assert host.count(":") <= 1
            assert not {*" \n'\"$;`\\\x00"} & {*text}


@given(TEXTS)
@example("A\n")
@example("A=B")
def test_a_variable_is_a_name(name: str) -> None:
    if accepted(environment={name: "1"}) is not None:
        assert name.isidentifier()
        assert name.isascii()


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_arguments_are_anything_but_what_ends_one(command: list[str]) -> None:
    is_fine = command[0] != "" and not any("\x00" in each for each in command)
    try:
        GpuJobInput.model_validate({"command": command})
    except ValidationError:
        assert not is_fine
    else:
        assert is_fine


@given(TEXTS)
def test_the_schema_of_the_plugin_says_the_same(text: str) -> None:
    for fields in (
        {"data": {text: FILE}},
        {"models": {text: FILE}},
        {"requirements": text},
        {"name": text},
        {"secrets": [text]},
        {"environment": {"A": text}},
        {"code": {"source": "existing", "path": text}},
        {"code": {"source": "git", "url": text}},
        {"code": {"source": "git", "url": "https://git.example/a", "ref": text}},
    ):
        assert is_refused_by_schema(**fields) is (accepted(**fields) is None), fields


def test_the_plugin_says_what_its_input_is() -> None:
    manifest = json.loads(Path("plugins/gpu-job/plugin.json").read_text())
    assert manifest["input_schema"] == input_schema()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"environment": {"PATH": "x"}}, "PATH is a variable of the job itself"),
        ({"secrets": ["BASH_ENV"]}, "BASH_ENV is a variable"),
        ({"secrets": ["A", "A"]}, "A is named twice"),
        ({"environment": {"A": "x" * 131_072}, "command": ["x" * 131_072] * 8}, "1000000 bytes together"),
        ({"models": {"a/b/c": FILE, "a": FILE}}, "a is a file and cannot be the folder of a/b/c"),
    ],
)
def test_what_a_schema_cannot_say_is_refused_too(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        GpuJobInput.model_validate({"command": ["true"], **fields})


def test_files_keep_their_key() -> None:
    job = accepted(code={"source": "local", "file": FILE}, data={"rows.csv": FILE}, requirements=True)
    assert job is not None
    assert job.model_dump(mode="json")["data"] == {"rows.csv": FILE}
    assert job.requirements_path == "requirements.txt"
