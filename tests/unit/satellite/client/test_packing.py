"""A folder of code becomes the same bytes wherever it lies, and nothing of elsewhere gets into them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from satellite.client import packing
from satellite.client.errors import RequestUnfit
from satellite.client.packing import pack_folder


def make(folder: Path) -> Path:
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)\n")
    (folder / ".env").write_text("A=1\n")
    (folder / "lib" / "run.sh").write_text("#!/bin/sh\n")
    (folder / "lib" / "run.sh").chmod(0o700)
    for name in (".git", "__pycache__"):
        (folder / name).mkdir()
        (folder / name / "x").write_text("x")
    return folder


def packed(folder: Path, target: Path) -> bytes:
    pack_folder(folder, target)
    return target.read_bytes()


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    os.utime(other / "train.py", (1, 1))
    (other / "train.py").chmod(0o600)
    assert packed(one, tmp_path / "1.tar") == packed(other, tmp_path / "2.tar")
    with tarfile.open(tmp_path / "1.tar") as tar:
        assert [(entry.name, entry.mode, entry.mtime, entry.uid) for entry in tar] == [
            (".env", 0o644, 0, 0),
            ("lib/run.sh", 0o755, 0, 0),
            ("train.py", 0o644, 0, 0),
        ]
    (other / "train.py").write_text("print(2)\n")
    assert packed(one, tmp_path / "1.tar") != packed(other, tmp_path / "2.tar")


def test_links_are_followed_within_the_folder_alone(tmp_path: Path) -> None:
    folder = make(tmp_path / "one")
    (folder / "again.py").symlink_to("train.py")
    pack_folder(folder, tmp_path / "1.tar")
    with tarfile.open(tmp_path / "1.tar") as tar:
        again = tar.extractfile("again.py")
        assert again is not None
        assert again.read() == b"print(1)\n"
    (tmp_path / "secret").write_text("x")
    for lead in ("../secret", "lib", "nowhere"):
        (folder / "again.py").unlink()
        (folder / "again.py").symlink_to(lead)
        with pytest.raises(RequestUnfit, match=r"again\.py is a link"):
            pack_folder(folder, tmp_path / "1.tar")


def test_what_is_no_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestUnfit, match="no folder"):
        pack_folder(tmp_path / "missing", tmp_path / "1.tar")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestUnfit, match="no file in"):
        pack_folder(tmp_path / "empty", tmp_path / "1.tar")
    monkeypatch.setattr(packing, "FILES_MAX", 2)
    with pytest.raises(RequestUnfit, match="at most 2"):
        pack_folder(make(tmp_path / "one"), tmp_path / "1.tar")
