"""Several connections as one: how many there are, what becomes of them when lines break."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from analysis_server.connector.ssh.errors import SshError, Unreachable
from analysis_server.connector.ssh.pool import ConnectionPool
from tests.fixtures.servers import wait_until
from tests.fixtures.ssh import relay_to, ssh_host
from tests.integration.connector.ssh.conftest import Connect, Pool

NOTICED_WITHIN_S = 15
HANG_S = 90


def answers(pool: ConnectionPool) -> bool:
    try:
        return pool.run(["echo", "here"]).stdout == b"here\n"
    except SshError:
        return False


def in_parallel(pool: ConnectionPool, argv: Sequence[str], *, times: int) -> list[bytes]:
    said: list[bytes] = []
    threads = [threading.Thread(target=lambda: said.append(pool.run(argv).stdout)) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_S)
    return said


@pytest.mark.parametrize("max_sessions", [1, 2, 10])
def test_whatever_a_host_allows_all_are_served_by_three_connections(pooling: Pool, max_sessions: int):
    with ssh_host(max_sessions=max_sessions) as host:
        pool = pooling(host.destination())
        standing = pool.open(["cat"])

        assert in_parallel(pool, ["sh", "-c", "sleep 0.2; echo x"], times=12) == [b"x\n"] * 12

        standing.write(b"still\n")
        assert standing.read_line(60) == b"still"
        assert 1 <= pool.connections <= 3
        assert host.sshd_log.count("Accepted publickey") == pool.connections


def test_connections_are_made_a_second_apart(pooling: Pool):
    with ssh_host(max_sessions=1) as host:
        pool = pooling(host.destination())
        began_s = time.monotonic()
        channels = [pool.open(["cat"]) for _ in range(3)]

        assert time.monotonic() - began_s >= 2
        assert pool.connections == 3
        for channel in channels:
            channel.close()


def test_a_blackhole_is_noticed_and_passes(pooling: Pool):
    with ssh_host() as host:
        pool = pooling(host.destination())
        standing = pool.open(["cat"])
        with host.blackhole():
            began_s = time.monotonic()
            with pytest.raises(Unreachable):
                standing.read_line(HANG_S)
            noticed_s = time.monotonic() - began_s
            assert noticed_s < NOTICED_WITHIN_S * 2  # On a machine that is busy otherwise.
            assert not answers(pool)
            assert pool.connections == 0
        wait_until(lambda: answers(pool), timeout_s=HANG_S)


def test_a_host_that_vanishes_behind_a_bastion_is_noticed(pooling: Pool):
    with ssh_host() as bastion, ssh_host(behind=bastion) as inner:
        pool = pooling(inner.destination())
        standing = pool.open(["cat"])
        with inner.blackhole(), pytest.raises(Unreachable):
            standing.read_line(HANG_S)
        wait_until(lambda: answers(pool), timeout_s=HANG_S)


def test_a_command_that_is_under_way_when_the_line_dies_does_not_hang(connecting: Connect):
    with ssh_host() as host:
        connection = connecting(host.destination())
        with host.blackhole(), pytest.raises(Unreachable):
            connection.run(["true"], timeout_s=HANG_S)


def test_a_host_that_was_away_is_dialled_again_and_not_too_often(pooling: Pool):
    with ssh_host() as host:
        pool = pooling(host.destination())
        assert answers(pool)
        host.stop()
        wait_until(lambda: not answers(pool))
        wait_until(lambda: isinstance(pool.failure, Unreachable) or answers(pool))
        began_s = time.monotonic()
        for _ in range(100):
            with pytest.raises(Unreachable):
                pool.run(["true"])
        # Told at once: a hundred dials would take as many seconds.
        assert time.monotonic() - began_s < HANG_S
        host.start()
        wait_until(lambda: answers(pool), timeout_s=HANG_S)
        assert pool.failure is None


def test_sessions_that_die_are_replaced(pooling: Pool):
    with ssh_host() as host:
        pool = pooling(host.destination())
        for _ in range(5):
            wait_until(lambda: answers(pool), timeout_s=HANG_S)
            standing = pool.open(["cat"])
            assert host.kill_sessions() > 0
            with pytest.raises(Unreachable):
                standing.read_line(HANG_S)
            standing.close()


def test_a_host_far_away_is_served_and_a_cut_is_told(pooling: Pool):
    with ssh_host() as host, relay_to(host, rtt_s=0.1) as relay:
        pool = pooling(relay.destination())
        began_s = time.monotonic()
        assert answers(pool)
        assert time.monotonic() - began_s > 0.3
        standing = pool.open(["cat"])
        relay.cut()
        with pytest.raises(Unreachable):
            standing.read_line(HANG_S)


def test_what_a_session_began_outlives_it_and_not_a_reboot(pooling: Pool):
    with ssh_host() as host:
        pool = pooling(host.destination())
        pool.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > /dev/shm/pid"])
        host.kill_sessions()
        wait_until(lambda: answers(pool), timeout_s=HANG_S)
        assert pool.run(["sh", "-c", "kill -0 $(cat /dev/shm/pid)"]).exit_code == 0
        before = host.boot_id
        host.reboot()
        wait_until(lambda: answers(pool), timeout_s=HANG_S)

        assert pool.run(["cat", "/proc/sys/kernel/random/boot_id"]).stdout.decode().strip() != before
        assert pool.run(["ls", "/dev/shm"]).stdout == b""
