"""A host with the agent's file on it, and what transfers need of it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis_server.connector import remote_file
from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.connection import connect
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.connector.transfer.agent import AgentFile
from analysis_server.connector.transfer.fetching import WantedFile
from analysis_server.connector.transfer.local_files import LocalFile, read_local_file
from tests.fixtures.ssh import SshHost, ssh_host

JOB = "7-1-0123abcd"
PYTHON = "/usr/bin/python3"

MakeAgent = Callable[..., AgentFile]
MakeFile = Callable[..., LocalFile]


@pytest.fixture(scope="module")
def host() -> Iterator[SshHost]:
    with ssh_host() as running:
        yield running


@pytest.fixture
def agent_of() -> Iterator[MakeAgent]:
    with contextlib.ExitStack() as stack:

        def make(
            host: SshHost, destination: Destination | None = None, base: Path | None = None
        ) -> AgentFile:
            file = host.folder / "agent.pyz"
            file.write_bytes(remote_file.build()[0])
            there = destination or host.destination()
            pool = stack.enter_context(contextlib.closing(ConnectionPool(lambda: connect(there))))
            return AgentFile(pool, [PYTHON, str(file), "--base", str(base or host.base_folder)])

        yield make


@pytest.fixture
def agent(host: SshHost, agent_of: MakeAgent) -> Iterator[AgentFile]:
    yield agent_of(host)
    for each in host.base_folder.iterdir():
        shutil.rmtree(each)


@pytest.fixture
def file_of(tmp_path: Path) -> MakeFile:
    def make(name: str, content: bytes | int) -> LocalFile:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(content) if isinstance(content, int) else content)
        return read_local_file(path)

    return make


def never() -> bool:
    return False


def cached(host: SshHost, file: LocalFile) -> Path:
    return host.base_folder / ".satellite/cache/sha256" / file.sha256


def output_of(host: SshHost, name: str, content: bytes) -> Path:
    """Write a file as a job would, and return its path."""
    path = host.base_folder / JOB / "outputs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def wanted(file: LocalFile, path: str, target: Path) -> WantedFile:
    return WantedFile(path=path, size_bytes=file.size_bytes, sha256=file.sha256, target=target)
