"""Files to a cluster and back, in turn with `scp`: beside us, and 100 ms away by a relay.

The connections stand already, as they do in a connector; `scp` makes one each time, which is in its time.
Contents are random and new in each round, so that no cache and no compression helps.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from analysis_server.connector.agent import Agent
from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.connection import connect
from analysis_server.connector.ssh.pool import CONNECTIONS_MAX, ConnectionPool
from analysis_server.connector.transfer.fetching import WantedFile, fetch_files
from analysis_server.connector.transfer.local_files import LocalFile, read_local_file
from analysis_server.connector.transfer.sending import send_files
from analysis_server.connector.transfer_agent import TransferAgent
from tests.fixtures.ssh import SshHost, relay_to, ssh_host
from tests.performance.figure import Figure

JOB = "1-1-00000000"
MB = 1_000_000
LARGE_MB = 128
SMALL_FILES, SMALL_BYTES = 50, 20_000
RTT_S = 0.1

Times = dict[str, list[float]]


def measure(*, rounds: int) -> list[Figure]:
    """Measure large files and small ones, near and far."""
    with ssh_host() as host, relay_to(host, rtt_s=RTT_S) as relay:
        near = measure_way(host, host.destination(), rounds=rounds)
        far = measure_way(host, relay.destination(), rounds=rounds)
    return [
        *figures("LAN", near, target=">= 1 x"),
        *figures(f"{RTT_S * 1000:.0f} ms", far, target=">= 5 x"),
    ]


def measure_way(host: SshHost, way: Destination, *, rounds: int) -> Times:
    """Return the seconds of each kind of transfer."""
    times: Times = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="satellite-bench-clusters-") as folder,
        agent_of(host, way) as agent,
    ):
        scp = Scp(Path(folder), way)
        for number in range(rounds):
            large = random_files(Path(folder) / f"large-{number}", 1, LARGE_MB * MB)
            small = random_files(Path(folder) / f"small-{number}", SMALL_FILES, SMALL_BYTES)
            for name, files in (("large", large), ("small", small)):
                source, there = files[0].path.parent, f"{host.base_folder}/scp-{name}-{number}"
                put(times, f"{name} put", files, agent, lambda s=source, t=there: scp.put(s, t))
                outputs = host.base_folder / JOB / "outputs"
                shutil.copytree(source, outputs, dirs_exist_ok=True)
                back = Path(folder) / f"back-{name}-{number}"
                wanted = wanted_in(Path(f"{back}-ours"), files)
                get(times, f"{name} get", wanted, agent, lambda b=back, t=there: scp.get(t, b))
                for each in (there, outputs, f"{back}-ours", f"{back}-scp"):
                    shutil.rmtree(each)
    return times


def put(
    times: Times, name: str, files: list[LocalFile], agent: TransferAgent, by_scp: Callable[[], None]
) -> None:
    times[name].append(seconds_of(lambda: send_files(agent, files, is_stopped=lambda: False)))
    times[f"scp {name}"].append(seconds_of(by_scp))


def get(
    times: Times, name: str, wanted: list[WantedFile], agent: TransferAgent, by_scp: Callable[[], None]
) -> None:
    times[name].append(seconds_of(lambda: fetch_files(agent, JOB, wanted, is_stopped=lambda: False)))
    times[f"scp {name}"].append(seconds_of(by_scp))


def wanted_in(folder: Path, files: list[LocalFile]) -> list[WantedFile]:
    return [
        WantedFile(
            path=f"outputs/{file.path.name}", size_bytes=file.size_bytes, sha256=file.sha256,
            target=folder / file.path.name,
        )
        for file in files
    ]  # fmt: skip


def figures(way: str, times: Times, *, target: str) -> Iterator[Figure]:
    """Yield the rates of large files and of small ones, each over what scp makes of it."""
    sizes = {"large": LARGE_MB * MB, "small": SMALL_FILES * SMALL_BYTES}
    words = {"large": f"{LARGE_MB} MB", "small": f"{SMALL_FILES} files of {SMALL_BYTES // 1000} kB"}
    for name in ("large put", "large get", "small put", "small get"):
        kind, direction = name.split()
        yield Figure(
            name=f"{direction} of {words[kind]}, {way}",
            value=sizes[kind] / MB / statistics.median(times[name]),
            unit="MB/s",
            floor=sizes[kind] / MB / statistics.median(times[f"scp {name}"]),
            floor_name="scp",
            target=target,
        )


@contextlib.contextmanager
def agent_of(host: SshHost, way: Destination) -> Iterator[TransferAgent]:
    """Lend what asks the host, with all its connections made."""
    with contextlib.closing(ConnectionPool(lambda: connect(way))) as pool:
        agent = Agent(pool, base_dir=str(host.base_folder), python="/usr/bin/python3")
        transfers = TransferAgent(agent, pool)
        channels = [
            transfers.open_stream("put", window_bytes=2**21, is_extra=False) for _ in range(CONNECTIONS_MAX)
        ]
        for channel in channels:
            channel.close()
        transfers.ask("missing", {"files": {}})
        yield transfers
        agent.close()


class Scp:
    """OpenSSH's own, with the same keys."""

    def __init__(self, folder: Path, way: Destination) -> None:
        address = way.address
        known, key = folder / "known_hosts", folder / "key"
        lines = [f"[{address.host}]:{address.port} {line}\n" for line in address.host_keys]
        lines += [f"{address.host} {line}\n" for line in address.host_keys]
        known.write_text("".join(lines))
        key.touch(mode=0o600)
        key.write_text(way.private_key)
        self._place = f"{address.user}@{address.host}"
        options = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
        self._command = ["scp", "-q", "-r", "-F", "none", "-P", str(address.port), "-i", str(key), *options]

    def put(self, source: Path, there: str) -> None:
        subprocess.run([*self._command, str(source), f"{self._place}:{there}"], check=True)

    def get(self, there: str, back: Path) -> None:
        subprocess.run([*self._command, f"{self._place}:{there}", f"{back}-scp"], check=True)


def random_files(folder: Path, count: int, size_bytes: int) -> list[LocalFile]:
    folder.mkdir()
    for number in range(count):
        (folder / f"file-{number}").write_bytes(os.urandom(size_bytes))
    return [read_local_file(path) for path in sorted(folder.iterdir())]


def seconds_of(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s
