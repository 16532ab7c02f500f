"""Input from files and standard input, in whatever form editors and shells leave them."""

from __future__ import annotations

import codecs
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from satellite.cli import json_input
from satellite.testing import AnsweringServer
from tests.unit.satellite.cli.conftest import CommandLine, job

TEXT = '{"name": "Grüße, 漢字"}'
VALUE = {"name": "Grüße, 漢字"}


@pytest.fixture(autouse=True)
def takes_jobs(server: AnsweringServer) -> None:
    server.answer("POST /jobs", job())
    server.answer("POST /plugins", {"name": "adder", "version": "1"})


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8 marked", "utf-16-le marked", "utf-16-be marked"],
)
@pytest.mark.parametrize("door", ["file", "stdin", "manifest"])
def test_utf_8_and_marked_utf_16_are_read(  # noqa: PLR0917
    server: AnsweringServer,
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes,
    door: str,
) -> None:
    # As in a container without a locale, where text is not UTF-8.
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
    file = tmp_path / "input.json"
    file.write_bytes(content)

    done = {
        "file": lambda: command("run", "adder", "--input-file", str(file)),
        "stdin": lambda: command("run", "adder", "--input", "-"),
        "manifest": lambda: command("plugin", "register", str(file)),
    }[door]()

    assert done.code == 0, done.err
    body = server.bodies[-1]
    assert (body if door == "manifest" else body["input_data"]) == VALUE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TEXT.encode("utf-8")[:12] + b"\xff", "UTF-8: the byte at position 12 is 0xff; save it as UTF-8"),
        (
            '{"name": "é"}'.encode("latin-1"),
            "UTF-8: the byte at position 10 is 0xe9; save it as UTF-8",
        ),
        (b'{"a"'.decode().encode("utf-16-le"), "UTF-8: the byte at position 1 is 0x00; save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"{\x00\x00", "UTF-16-LE: the byte at position 4 is 0x00"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "UTF-16-LE: the byte at position 2 is 0x00"),
        (b"", "is empty"),
        (codecs.BOM_UTF8 + b" \n", "is empty"),
        (b'{"a": NaN}', "at /a is not a number that JSON has"),
        (b'{"a": }', "is not valid JSON: expected value at line 1 column 7"),
        (b"[" * 900, "is nested deeper than 128 levels"),
        (b"x" * 1_001, "larger than 1,000 bytes"),
    ],
)
@pytest.mark.parametrize("door", ["file", "stdin"])
def test_other_content_is_named_with_what_to_do(  # noqa: PLR0917
    command: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes,
    words: str,
    door: str,
) -> None:
    if b"x" * 1_001 in content:
        monkeypatch.setattr(json_input, "MAX_BYTES", 1_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    file = tmp_path / "input.json"
    file.write_bytes(content)

    done = command("run", "adder", "--input-file", str(file) if door == "file" else "-")

    assert done.code == 2
    assert words in done.err
    assert (str(file) if door == "file" else "standard input") in done.err


@pytest.mark.parametrize(
    ("path", "words"),
    [("missing.json", "No such file"), (".", "Is a directory"), ("a\0b", "null byte")],
)
def test_what_is_no_file_is_named(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)

    done = command("run", "adder", "--input-file", path)

    assert (done.code, words in done.err) == (2, True), done.err


@pytest.mark.parametrize("words", [["run", "adder", "--input", "-"], ["login", "--username", "ada"]])
def test_a_closed_standard_input_is_said(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert command(*words).code == 2


@pytest.mark.parametrize("words", [["--input", ""], ["--input", '"\\ud800"'], ["--input", "\udcff"]])
def test_input_that_cannot_be_sent_is_refused_here(command: CommandLine, words: list[str]) -> None:
    done = command("run", "adder", *words)

    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_a_password_comes_in_utf_8(
    server: AnsweringServer, command: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SATELLITE_CONFIG_DIR", str(tmp_path))
    server.answer("POST /auth/token", {"access_token": "t"})
    given: Any = io.TextIOWrapper(io.BytesIO("Grüße\r\n".encode()), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", given)

    assert command("login", "--username", "ada", "--password-stdin").code == 0
    assert server.bodies[-1]["password"] == "Grüße"
