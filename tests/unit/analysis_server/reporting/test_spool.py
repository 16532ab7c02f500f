"""Outcomes on disk are whole or not there."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from analysis_server.reporting.callback_message import CallbackMessage
from analysis_server.reporting.spool import Spool
from satellite.contracts.identity import AttemptKey
from satellite.testing import attempt_key_of

MESSAGE = CallbackMessage(task="t", queue="q", id="1", body='[["ü"],{},{}]'.encode())
KEY = AttemptKey(7, 2, uuid4())


def test_a_message_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert list(spool.keys()) == []
    assert spool.put(KEY, MESSAGE)
    assert list(Spool(tmp_path / "spool").keys()) == [KEY]
    assert spool.get(KEY) == MESSAGE
    spool.remove(KEY)
    assert list(spool.keys()) == []
    assert spool.get(KEY) is None


def test_a_half_written_message_is_none(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "3-1.part").write_bytes(b'{"task":')
    assert list(spool.keys()) == []
    for content in (b'{"task":', b"[]", b"7", b'{"task":"t","queue":"q","id":"1","body":7}', b"[" * 2_000):
        (tmp_path / f"7-2-{KEY.uid}.json").write_bytes(content)
        assert spool.get(KEY) is None


def test_a_disk_that_refuses_is_told_not_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not Spool(tmp_path / "file" / "spool").put(KEY, MESSAGE)


def test_what_a_release_without_uids_left_is_of_a_job_that_had_none(tmp_path: Path) -> None:
    Spool(tmp_path).put(KEY, MESSAGE)
    (tmp_path / f"7-2-{KEY.uid}.json").rename(tmp_path / "7-2.json")
    spool = Spool(tmp_path)
    assert list(spool.keys()) == list(spool.keys()) == [attempt_key_of(7, 2)]
    assert spool.get(attempt_key_of(7, 2)) == MESSAGE
    spool.remove(attempt_key_of(7, 2))
    assert list(tmp_path.iterdir()) == []
