"""What is removed: folders of ours that ended, and nothing that a link leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis_server.connector.agent_messages import RemoteState, SubmitState
from tests.integration.connector.remote.host import Host, job, job_name


def remove(host: Host, *names: str, **options: Any) -> dict[str, str]:
    answer: dict[str, str] = host.ask("remove", {"names": names, **options})["jobs"]
    return answer


def test_only_what_ended_is_removed_and_never_begins_again(host: Host) -> None:
    ended, runs = job(1, "touch $CHECKPOINT_DIR/step"), job(2, "sleep 1000")
    for request in (ended, runs):
        host.submit(request)
    host.wait_end(ended.name)
    host.wait_state(runs.name, RemoteState.RUNNING)
    assert host.bury(job_name(3)) is RemoteState.BURIED
    names = (ended.name, runs.name, job_name(3), job_name(4))
    expected = {ended.name: "removed", runs.name: "running", job_name(3): "removed", job_name(4): "absent"}
    assert remove(host, *names) == expected
    assert not host.folder(ended.name).exists()
    assert (host.base / "checkpoints/1-abcdef01/step").exists()
    assert list((host.base / ".satellite/trash").iterdir()) == []
    for number in (1, 3):
        assert host.submit(job(number, "true")) is SubmitState.BURIED
        assert host.report(job_name(number)).state is RemoteState.BURIED
    assert remove(host, ended.name, checkpoints=True) == {ended.name: "absent"}
    assert not (host.base / "checkpoints/1-abcdef01").exists()


def test_no_link_is_followed(host: Host, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    script = f"cd $OUTPUT_DIR; ln -s {precious} link; mkdir closed; touch closed/x; chmod 500 closed"
    request = job(1, script)
    host.submit(request)
    host.wait_end(request.name)
    elsewhere = host.base / job_name(2)
    elsewhere.symlink_to(precious)
    assert remove(host, request.name, job_name(2)) == {request.name: "removed", job_name(2): "foreign"}
    assert (precious / "file").read_text() == "mine"
    assert not host.folder(request.name).exists()


def test_a_folder_without_a_claim_is_not_ours(host: Host) -> None:
    folder = host.folder(job_name(1))
    folder.mkdir(parents=True)
    (folder / "file").write_text("whose?")
    assert remove(host, job_name(1)) == {job_name(1): "foreign"}
    assert (folder / "file").exists()
