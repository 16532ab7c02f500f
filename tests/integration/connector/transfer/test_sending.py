"""Files sent to a real host: whole, once, and on from where a line broke."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from analysis_server.connector.transfer import progress
from analysis_server.connector.transfer.agent import AgentFile
from analysis_server.connector.transfer.errors import TransferDamaged, TransferRefused, TransferStopped
from analysis_server.connector.transfer.progress import Progress
from analysis_server.connector.transfer.sending import send_files
from tests.fixtures.ssh import SshHost, relay_to, ssh_host
from tests.integration.connector.transfer.conftest import JOB, MakeAgent, MakeFile, cached, never

MB = 1_000_000
KILLS = 20


def test_files_of_all_sizes_arrive_and_are_not_sent_twice(host: SshHost, agent: AgentFile, file_of: MakeFile):
    sizes = [0, 1, 1000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 20 * MB]
    files = [file_of(f"{n}", size) for n, size in enumerate(sizes)]
    files += [file_of(f"small/{n}", 200) for n in range(300)]

    assert send_files(agent, files, is_stopped=never) == sum(sizes) + 300 * 200
    for file in files:
        assert cached(host, file).read_bytes() == file.path.read_bytes()
    assert send_files(agent, files, is_stopped=never) == 0
    assert not list(cached(host, files[0]).parent.glob("*.part"))


def test_a_file_is_put_where_a_job_looks_for_it(host: SshHost, agent: AgentFile, file_of: MakeFile):
    files = [file_of("large", 2 * MB), file_of("small", b"x")]
    send_files(agent, files, is_stopped=never)
    asked = {
        "name": JOB,
        "files": [
            {"path": f"data/here/{file.path.name}", "sha256": file.sha256, "size": file.size_bytes}
            for file in files
        ],
    }

    for _ in range(2):
        assert agent.ask("place", asked) == {"missing": []}
    for file in files:
        assert (host.base_folder / JOB / "data/here" / file.path.name).read_bytes() == file.path.read_bytes()
    assert cached(host, files[0]).stat().st_nlink == 2


@pytest.mark.parametrize("path", ["x", "../data/x", "/etc/x", ".satellite/exit.json", "data/../x", "data//x"])
def test_nothing_is_put_anywhere_else(agent: AgentFile, file_of: MakeFile, path: str):
    file = file_of("f", 10)
    send_files(agent, [file], is_stopped=never)
    with pytest.raises(TransferRefused, match=r"folder|path|belongs"):
        agent.ask("place", {"name": JOB, "files": [{"path": path, "sha256": file.sha256, "size": 10}]})


def test_what_a_job_has_written_to_is_not_taken_for_what_it_was(
    host: SshHost, agent: AgentFile, file_of: MakeFile
):
    file = file_of("large", 2 * MB)
    send_files(agent, [file], is_stopped=never)
    agent.ask(
        "place",
        {"name": JOB, "files": [{"path": "data/l", "sha256": file.sha256, "size": file.size_bytes}]},
    )
    with (host.base_folder / JOB / "data/l").open("r+b") as changed:
        changed.write(b"changed")

    assert send_files(agent, [file], is_stopped=never) == file.size_bytes
    assert cached(host, file).read_bytes() == file.path.read_bytes()


def test_it_goes_on_and_is_identical_though_sshd_dies_twenty_times(
    host: SshHost, agent: AgentFile, file_of: MakeFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress, "TELL_EVERY_S", 0.0)
    file = file_of("large", 63 * MB)
    kills = 0

    def kill_now_and_then(told: Progress) -> None:
        nonlocal kills
        if kills < KILLS and told.bytes_done > (kills + 1) * file.size_bytes / (KILLS + 1):
            kills += host.kill_sessions() > 0

    sent = send_files(agent, [file], is_stopped=never, tell=kill_now_and_then)

    assert kills == KILLS
    assert cached(host, file).read_bytes() == file.path.read_bytes()
    # Each time what was under way is lost; without going on it would be ten times the file.
    assert sent < 5 * file.size_bytes


def test_far_away_many_streams_bring_one_file_by_three_connections(agent_of: MakeAgent, file_of: MakeFile):
    with ssh_host() as host, relay_to(host, rtt_s=0.1) as relay:
        agent = agent_of(host, relay.destination())
        file = file_of("large", 60 * MB)
        send_files(agent, [file], is_stopped=never)

        assert cached(host, file).read_bytes() == file.path.read_bytes()
        assert 0.1 <= agent.rtt_s < 5
        assert host.sshd_log.count("Starting session: command") >= 6
        assert 1 < host.sshd_log.count("Accepted publickey") <= 3


def test_a_relay_that_cuts_is_gone_on_with(
    agent_of: MakeAgent, file_of: MakeFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress, "TELL_EVERY_S", 0.0)
    with ssh_host() as host, relay_to(host, rtt_s=0.05) as relay:
        agent, file, cuts = agent_of(host, relay.destination()), file_of("large", 40 * MB), 0

        def cut_thrice(told: Progress) -> None:
            nonlocal cuts
            if cuts < 3 and told.bytes_done > (cuts + 1) * file.size_bytes / 4:
                cuts += 1
                relay.cut()

        send_files(agent, [file], is_stopped=never, tell=cut_thrice)
        assert cached(host, file).read_bytes() == file.path.read_bytes()
        assert cuts == 3


def test_a_host_that_allows_one_session_a_connection_is_served(agent_of: MakeAgent, file_of: MakeFile):
    with ssh_host(max_sessions=1) as host:
        agent, files = agent_of(host), [file_of(f"{n}", 9 * MB) for n in range(3)]
        send_files(agent, files, is_stopped=never)

        assert all(cached(host, file).read_bytes() == file.path.read_bytes() for file in files)


def test_a_full_disk_is_told_before_and_while_it_fills(host: SshHost, agent_of: MakeAgent, file_of: MakeFile):
    base = host.folder / "small-disk"
    base.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(base)]
    subprocess.run(host.inside(*mount), check=True)
    agent = agent_of(host, base=base)

    with pytest.raises(TransferRefused, match="are free") as refused:
        send_files(agent, [file_of("large", 9 * MB)], is_stopped=never)
    assert refused.value.kind == "disk"

    # Room for the file alone, which another one takes meanwhile.
    fills = ["dd", "if=/dev/zero", f"of={base}/ballast", "bs=1M", "count=4"]
    asked = agent.ask
    agent.ask = lambda *a, **k: (asked(*a, **k), subprocess.run(host.inside(*fills), capture_output=True))[0]  # type: ignore[method-assign]
    with pytest.raises(TransferRefused, match="No space left") as refused:
        send_files(agent, [file_of("middle", 7 * MB)], is_stopped=never)
    assert refused.value.kind == "disk"


def test_a_file_that_changes_while_it_is_sent_is_told(agent: AgentFile, file_of: MakeFile):
    for size in (1000, 6 * MB):
        file = file_of("changing", size)
        file.path.write_bytes(os.urandom(size))
        with pytest.raises(TransferDamaged, match="changing"):
            send_files(agent, [file], is_stopped=never)
        file.path.write_bytes(b"")
        with pytest.raises(TransferDamaged, match="shorter"):
            send_files(agent, [file], is_stopped=never)


def test_it_stops_when_nobody_wants_it_also_while_a_host_is_away(agent_of: MakeAgent, file_of: MakeFile):
    with ssh_host() as host:
        agent, file = agent_of(host), file_of("large", 20 * MB)
        asked = iter([False] * 10)
        with pytest.raises(TransferStopped):
            send_files(agent, [file], is_stopped=lambda: next(asked, True))
        host.stop()
        asked = iter([False] * 10)
        with pytest.raises(TransferStopped):
            send_files(agent, [file], is_stopped=lambda: next(asked, True))


def test_progress_is_told(agent: AgentFile, file_of: MakeFile, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "TELL_EVERY_S", 0.0)
    told: list[Progress] = []
    file = file_of("large", 10 * MB)
    send_files(agent, [file], is_stopped=never, tell=told.append)

    done = [each.bytes_done for each in told]
    assert done == sorted(done)
    assert len(done) > 10
    assert (told[-1].bytes_done, told[-1].bytes_total, told[-1].is_finished) == (10 * MB, 10 * MB, True)
    assert told[-1].megabytes_per_s > 0


def test_what_nobody_needed_for_long_leaves_the_cache_and_not_the_job(
    host: SshHost, agent: AgentFile, file_of: MakeFile
):
    old, new = file_of("old", 2 * MB), file_of("new", 2 * MB)
    send_files(agent, [old, new], is_stopped=never)
    placed = {"path": "data/old", "sha256": old.sha256, "size": old.size_bytes}
    agent.ask("place", {"name": JOB, "files": [placed]})
    status = cached(host, old).stat()
    os.utime(cached(host, old), (status.st_atime - 1000, status.st_mtime))
    (part := Path(f"{cached(host, old)}.part")).write_bytes(b"half")
    os.utime(part, (1, 1))

    assert set(agent.ask("cached", {})["digests"]) == {old.sha256, new.sha256}
    assert agent.ask("trim", {"keep_s": 500})["removed"] == 2
    assert agent.ask("cached", {})["digests"] == [new.sha256]
    assert (host.base_folder / JOB / "data/old").read_bytes() == old.path.read_bytes()
    assert agent.ask("trim", {"keep_s": 500, "free_bytes": 1 << 60})["removed"] == 1
