"""Files fetched from a real host: whole or not at all, and on from where a line broke."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from analysis_server.connector.transfer import progress
from analysis_server.connector.transfer.agent import AgentFile
from analysis_server.connector.transfer.errors import TransferDamaged, TransferRefused, TransferStopped
from analysis_server.connector.transfer.fetching import WantedFile, fetch_files
from analysis_server.connector.transfer.progress import Progress
from tests.fixtures.ssh import SshHost, relay_to, ssh_host
from tests.integration.connector.transfer.conftest import (
    JOB,
    MakeAgent,
    MakeFile,
    never,
    output_of,
    wanted,
)

MB = 1_000_000
KILLS = 20


def test_what_a_job_has_written_comes_back(
    host: SshHost, agent: AgentFile, file_of: MakeFile, tmp_path: Path
):
    sizes = [0, 1, 5_000_000, 20 * MB, *([300] * 200)]
    files = [file_of(f"{n}", size) for n, size in enumerate(sizes)]
    for n, file in enumerate(files):
        output_of(host, f"deep/{n}", file.path.read_bytes())
    listed = {each["path"]: each for each in agent.ask("list", {"name": JOB})["files"]}
    asked = [
        WantedFile(
            path=f"outputs/{path}",
            size_bytes=each["size"],
            sha256=each["sha256"],
            target=tmp_path / "back" / path,
        )
        for path, each in listed.items()
    ]

    assert fetch_files(agent, JOB, asked, is_stopped=never) == sum(sizes)
    for n, file in enumerate(files):
        assert (tmp_path / f"back/deep/{n}").read_bytes() == file.path.read_bytes()
    assert not [each for each in (tmp_path / "back").rglob("*") if each.suffix in {".part", ".ranges"}]


def test_it_goes_on_and_is_identical_though_sshd_dies_twenty_times(
    host: SshHost, agent: AgentFile, file_of: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress, "TELL_EVERY_S", 0.0)
    file, kills = file_of("large", 120 * MB), 0
    output_of(host, "model.pt", file.path.read_bytes())

    def kill_now_and_then(told: Progress) -> None:
        nonlocal kills
        if kills < KILLS and told.bytes_done > (kills + 1) * file.size_bytes / (KILLS + 1):
            kills += host.kill_sessions() > 0

    asked = wanted(file, "outputs/model.pt", tmp_path / "back")
    came = fetch_files(agent, JOB, [asked], is_stopped=never, tell=kill_now_and_then)

    assert kills == KILLS
    assert (tmp_path / "back").read_bytes() == file.path.read_bytes()
    assert came < 2 * file.size_bytes


def test_it_goes_on_in_another_process(host: SshHost, agent: AgentFile, file_of: MakeFile, tmp_path: Path):
    file = file_of("large", 20 * MB)
    output_of(host, "model.pt", file.path.read_bytes())
    asked = wanted(file, "outputs/model.pt", tmp_path / "back")
    left = iter([False] * 8)
    with pytest.raises(TransferStopped):
        fetch_files(agent, JOB, [asked], is_stopped=lambda: next(left, True))

    assert not (tmp_path / "back").exists()
    assert fetch_files(agent, JOB, [asked], is_stopped=never) < file.size_bytes
    assert (tmp_path / "back").read_bytes() == file.path.read_bytes()


def test_far_away_a_wide_window_brings_it(agent_of: MakeAgent, file_of: MakeFile, tmp_path: Path):
    with ssh_host() as host, relay_to(host, rtt_s=0.1) as relay:
        agent, file = agent_of(host, relay.destination()), file_of("large", 60 * MB)
        output_of(host, "model.pt", file.path.read_bytes())
        fetch_files(agent, JOB, [wanted(file, "outputs/model.pt", tmp_path / "back")], is_stopped=never)

        assert (tmp_path / "back").read_bytes() == file.path.read_bytes()


def test_other_bytes_than_the_manifest_tells_are_not_taken(
    host: SshHost, agent: AgentFile, file_of: MakeFile, tmp_path: Path
):
    file = file_of("f", 1000)
    for content in (b"x" * 1000, b"short"):
        output_of(host, "f", content)
        with pytest.raises(TransferDamaged):
            fetch_files(agent, JOB, [wanted(file, "outputs/f", tmp_path / "back")], is_stopped=never)
        assert not (tmp_path / "back").exists()


def test_links_and_what_is_not_shown_are_not_given(
    host: SshHost, agent: AgentFile, file_of: MakeFile, tmp_path: Path
):
    file = file_of("f", 10)
    outputs = output_of(host, "f", file.path.read_bytes()).parent
    (outputs / "link").symlink_to("/etc/passwd")
    (outputs / "away").symlink_to("/etc")
    (outputs.parent / "data").mkdir(exist_ok=True)
    (outputs.parent / "data/secret").write_bytes(b"x" * 10)
    for path in ("link", "away/passwd", "absent", "../data/secret", "../../f", ""):
        with pytest.raises(TransferRefused):
            fetch_files(agent, JOB, [wanted(file, f"outputs/{path}", tmp_path / "back")], is_stopped=never)
    with contextlib.suppress(FileNotFoundError):
        assert (tmp_path / "back").read_bytes() == b""
    assert [each["path"] for each in agent.ask("list", {"name": JOB})["files"]] == ["f"]
