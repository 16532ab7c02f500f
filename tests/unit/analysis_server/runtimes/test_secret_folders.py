"""Where files of secrets are: in memory, nobody else's, and gone when their owner is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from analysis_server.runtimes.secrets.errors import SecretPlaceUnfit
from analysis_server.runtimes.secrets.folders import SecretFolders
from analysis_server.runtimes.secrets.place import SecretPlace

MEMORY = Path("/dev/shm")


@pytest.fixture
def place() -> Iterator[SecretPlace]:
    place = SecretPlace(stack_id=f"tests-{uuid4().hex}", of_engine=Path("/elsewhere"))
    yield place
    assert not place.path.exists()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_readable_through_the_mount_and_by_nobody_from_outside(place: SecretPlace) -> None:
    folders = SecretFolders(place)
    folder = folders.make()
    folder.put({"TOKEN": "one\r\ntwo é"})

    assert (folder.path / "TOKEN").read_bytes() == "one\r\ntwo é".encode()
    assert (mode(folder.path), mode(folder.path / "TOKEN")) == (0o755, 0o444)
    assert [mode(parent) for parent in folder.path.parents[:3]] == [0o700, 0o711, 0o711]
    assert folder.path_of_engine == Path("/elsewhere") / folder.path.relative_to(MEMORY)
    for _ in range(2):
        folder.remove()
    assert not folder.path.parent.exists()
    folders.close()


def test_what_is_no_memory_is_refused(tmp_path: Path) -> None:
    place = SecretPlace(folder=tmp_path, stack_id="tests")

    with pytest.raises(SecretPlaceUnfit, match=r"SATELLITE_WORKER_SECRETS_DIR: .* not memory"):
        SecretFolders(place).make()
    with pytest.raises(SecretPlaceUnfit, match="No such file"):
        SecretFolders(SecretPlace(folder=tmp_path / "missing")).make()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what is another's")
def test_what_is_somebody_elses_is_refused(place: SecretPlace) -> None:
    place.path.mkdir()
    os.chown(place.path, 12345, 12345)
    try:
        with pytest.raises(SecretPlaceUnfit, match="somebody else's"):
            SecretFolders(place).make()
    finally:
        place.path.rmdir()


def test_a_link_is_refused(place: SecretPlace, tmp_path: Path) -> None:
    place.path.symlink_to(tmp_path)
    try:
        with pytest.raises(SecretPlaceUnfit):
            SecretFolders(place).make()
    finally:
        place.path.unlink()
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_have_left_is_swept_and_the_livings_stays(place: SecretPlace) -> None:
    folders, others = SecretFolders(place), SecretFolders(place)
    own, other = folders.make(), others.make()
    child = f"from {__name__} import die_with_a_secret as die; die('{place.stack_id}')"
    subprocess.run([sys.executable, "-c", child], check=False, timeout=60)
    assert len(list(place.path.rglob("TOKEN"))) == 1
    folders.sweep()

    assert list(place.path.rglob("TOKEN")) == []
    assert (own.path.exists(), other.path.exists()) == (True, True)
    folders.close()
    assert (own.path.exists(), other.path.exists()) == (False, True)
    others.close()


def die_with_a_secret(stack_id: str) -> None:
    """Leave a secret behind as a process does that is killed."""
    SecretFolders(SecretPlace(stack_id=stack_id)).make().put({"TOKEN": "left behind"})
    os._exit(9)
