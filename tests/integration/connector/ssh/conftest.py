"""A host for tests that leave it as it was, and connections that are closed in any case."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.connection import ParamikoConnection, connect
from analysis_server.connector.ssh.pool import ConnectionPool
from tests.fixtures.ssh import SshHost, ssh_host

Connect = Callable[[Destination], ParamikoConnection]
Pool = Callable[[Destination], ConnectionPool]


@pytest.fixture(scope="module")
def host() -> Iterator[SshHost]:
    with ssh_host() as running:
        yield running


@pytest.fixture
def connecting() -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def make(destination: Destination) -> ParamikoConnection:
            return stack.enter_context(contextlib.closing(connect(destination)))

        yield make


@pytest.fixture
def pooling() -> Iterator[Pool]:
    with contextlib.ExitStack() as stack:

        def make(destination: Destination) -> ConnectionPool:
            return stack.enter_context(contextlib.closing(ConnectionPool(lambda: connect(destination))))

        yield make
