"""Folders of code packed here and unpacked there."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from analysis_server.connector.remote import unpacking
from analysis_server.connector.remote.cache import Cache
from analysis_server.connector.remote.errors import Refused
from analysis_server.connector.remote.unpacking import unpack
from analysis_server.connector.transfer.code_archive import pack_folder
from analysis_server.connector.transfer.errors import FolderRefused

JOB = "3-1-0123abcd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path in (
        "train.py",
        "pkg/mod.py",
        "pkg/.hidden",
        ".git/config",
        "pkg/__pycache__/x.pyc",
        ".venv/bin/x",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "pkg/latest").symlink_to("mod.py")
    (root / "folder-link").symlink_to("pkg")
    return root


def unpacked(base: Path, archive: bytes) -> Path:
    digest = hashlib.sha256(archive).hexdigest()
    cache = Cache(str(base))
    Path(cache.part(digest)).write_bytes(archive)
    cache.keep(digest, cache.part(digest))
    asked = {"name": JOB, "sha256": digest, "size": len(archive), "into": "code"}
    assert unpack(str(base), asked) == {"missing": []}
    return base / JOB / "code"


def test_a_folder_arrives_without_what_belongs_to_this_machine(folder: Path, tmp_path: Path):
    packed = pack_folder(folder, tmp_path / "code.tar")
    code = unpacked(tmp_path / "base", packed.path.read_bytes())

    found = {path.relative_to(code).as_posix() for path in code.rglob("*") if not path.is_dir()}
    assert found == {"train.py", "pkg/mod.py", "pkg/.hidden", "run", "pkg/latest"}
    assert (code / "pkg/latest").read_text() == "pkg/mod.py"
    assert (code / "folder-link/mod.py").read_text() == "pkg/mod.py"
    assert os.access(code / "run", os.X_OK)
    assert not (code / "train.py").stat().st_mode & 0o111


def test_the_same_files_are_the_same_bytes_whenever_they_were_written(folder: Path, tmp_path: Path):
    first = pack_folder(folder, tmp_path / "1.tar")
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy, symlinks=True)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)

    assert pack_folder(copy, tmp_path / "2.tar").sha256 == first.sha256
    (copy / "train.py").write_text("changed")
    assert pack_folder(copy, tmp_path / "3.tar").sha256 != first.sha256


def test_unpacking_again_leaves_nothing_of_before(folder: Path, tmp_path: Path):
    archive = pack_folder(folder, tmp_path / "code.tar").path.read_bytes()
    code = unpacked(tmp_path / "base", archive)
    (code / "pkg/left-over").write_text("")
    (code / "left-link").symlink_to("/etc")

    unpacked(tmp_path / "base", archive)
    assert not (code / "pkg/left-over").exists()
    assert not (code / "left-link").is_symlink()


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "../../x", "pkg/../../outside"])
def test_a_link_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path, target: str):
    (folder / "bad").symlink_to(target)
    with pytest.raises(FolderRefused, match="bad"):
        pack_folder(folder, tmp_path / "code.tar")


def test_a_link_through_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (folder / ".venv/out").symlink_to(tmp_path / "outside")
    (folder / "bad").symlink_to(".venv/out")
    with pytest.raises(FolderRefused, match="bad"):
        pack_folder(folder, tmp_path / "code.tar")


def test_a_folder_that_is_too_large_or_has_more_than_files_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(FolderRefused, match="more than"):
        pack_folder(folder, tmp_path / "code.tar", size_bytes_max=5)
    os.mkfifo(folder / "pipe")
    with pytest.raises(FolderRefused, match="pipe"):
        pack_folder(folder, tmp_path / "code.tar")


def entry(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"x") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    "entries",
    [
        [entry("../x")],
        [entry("/etc/x")],
        [entry("a/../../x")],
        [entry("l", kind=tarfile.SYMTYPE, link="/etc")],
        [entry("l", kind=tarfile.SYMTYPE, link="../x")],
        [entry("l", kind=tarfile.LNKTYPE, link="x")],
        [entry("l", kind=tarfile.FIFOTYPE)],
        [entry("l", kind=tarfile.CHRTYPE)],
        [entry("d", kind=tarfile.DIRTYPE), entry("l", kind=tarfile.SYMTYPE, link="d"), entry("l/x")],
        [entry("x"), entry("x")],
    ],
)
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path, entries: list[tarfile.TarInfo]):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for each in entries:
            archive.addfile(each, io.BytesIO(b"x") if each.isreg() else None)

    with pytest.raises(Refused):
        unpacked(tmp_path / "base", buffer.getvalue())
    assert not (tmp_path / "x").exists()


def test_a_compressed_archive_is_unpacked_unless_it_is_much_larger_than_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(entry("zeros", data=bytes(1_000_000)), io.BytesIO(bytes(1_000_000)))

    assert (unpacked(tmp_path / "base", buffer.getvalue()) / "zeros").stat().st_size == 1_000_000
    monkeypatch.setattr(unpacking, "UNPACKED_BYTES_MAX", 999_999)
    with pytest.raises(Refused, match="more than"):
        unpacked(tmp_path / "base", buffer.getvalue())


@pytest.mark.parametrize("damaged", [b"", b"no archive", b"\x1f\x8b\x08 broken", b"BZh9 broken"])
def test_what_is_no_archive_is_refused(tmp_path: Path, damaged: bytes):
    with pytest.raises(Refused, match="archive"):
        unpacked(tmp_path / "base", damaged)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_compressed_archive_that_was_cut_off_is_refused(tmp_path: Path, kind: str):
    buffer = io.BytesIO()
    data = os.urandom(100_000)
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:  # type: ignore[call-overload]
        archive.addfile(entry("random", data=data), io.BytesIO(data))

    with pytest.raises(Refused, match="archive"):
        unpacked(tmp_path / "base", buffer.getvalue()[:50_000])
