"""Whom we speak with, and who lets us in: keys of hosts, our key, and the host on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.errors import (
    AuthRefused,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnusable,
    Unreachable,
)
from analysis_server.connector.ssh.host_keys import parse_host_keys
from analysis_server.connector.ssh.scan import scan_host_keys, scan_host_keys_behind
from tests.fixtures.ssh import SshHost, ssh_host
from tests.integration.connector.ssh.conftest import Connect, Pool


def pinned(host: SshHost, *keys: str) -> Destination:
    there = host.destination()
    return replace(there, address=replace(there.address, host_keys=keys))


def fingerprints(*lines: str) -> set[str]:
    return {key.fingerprint for key in parse_host_keys(lines)}


def test_any_one_of_its_keys_is_enough(host: SshHost, connecting: Connect):
    for key in host.host_keys:
        assert connecting(pinned(host, key)).run(["echo", "in"]).stdout == b"in\n"


def test_a_host_without_a_confirmed_key_is_not_entered(host: SshHost, connecting: Connect):
    with pytest.raises(HostKeyUnknown) as refused:
        connecting(pinned(host))

    assert set(refused.value.seen) < fingerprints(*host.host_keys)
    assert "Accepted" not in host.sshd_log.rpartition("Connection from")[2]


def test_a_changed_key_is_told_with_both_fingerprints(connecting: Connect):
    with ssh_host() as host:
        before = host.destination()
        connecting(before)
        host.new_host_key()

        with pytest.raises(HostKeyChanged) as refused:
            connecting(before)

        assert set(refused.value.pinned) == fingerprints(*before.address.host_keys)
        assert set(refused.value.seen) < fingerprints(*host.host_keys)
        assert all(each in str(refused.value) for each in (*refused.value.seen, *refused.value.pinned))
        assert "Accepted" not in host.sshd_log
        assert connecting(host.destination()).run(["echo", "in"]).stdout == b"in\n"


def test_a_host_that_lost_the_kind_of_its_key_has_changed(host: SshHost, connecting: Connect):
    with ssh_host(options=["HostKeyAlgorithms ecdsa-sha2-nistp256"]) as other:
        (ed25519,) = (key for key in host.host_keys if key.startswith("ssh-ed25519"))

        with pytest.raises(HostKeyChanged):
            connecting(pinned(other, ed25519))


def test_a_host_that_refuses_our_key_is_asked_once_and_never_again(pooling: Pool):
    with ssh_host() as host, ssh_host() as other:
        pool = pooling(replace(host.destination(), private_key=other.private_key))
        for _ in range(3):
            with pytest.raises(AuthRefused, match="authorized_keys"):
                pool.run(["true"])

        assert host.sshd_log.count("Connection from") == 1


def test_a_host_that_asks_for_more_than_a_key_refuses_us(connecting: Connect):
    more = "AuthenticationMethods publickey,publickey"
    with ssh_host(options=[more]) as host, pytest.raises(AuthRefused):
        connecting(host.destination())


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_private_key_is_told(host: SshHost, connecting: Connect, text: str):
    with pytest.raises(KeyUnusable):
        connecting(replace(host.destination(), private_key=text))


def test_the_keys_of_a_host_are_found_without_entering_it(host: SshHost):
    unknown = replace(host.host_address(), host_keys=())

    assert fingerprints(*scan_host_keys(unknown)) == fingerprints(*host.host_keys)


def test_nobody_there_is_unreachable(host: SshHost, connecting: Connect):
    there = host.destination()

    with pytest.raises(Unreachable):
        connecting(replace(there, address=replace(there.address, port=23)))
    with pytest.raises(Unreachable):
        scan_host_keys(replace(there.address, port=23))


def test_a_host_behind_another_is_reached_and_both_are_held_to_their_keys(connecting: Connect):
    with ssh_host() as bastion, ssh_host(behind=bastion) as inner:
        there = inner.destination()
        assert there.via is not None

        assert connecting(there).run(["cat", "/proc/sys/kernel/random/boot_id"]).stdout.decode().strip() == (
            inner.boot_id
        )
        with pytest.raises(HostKeyUnknown):
            connecting(replace(there, via=replace(there.via, host_keys=())))
        with pytest.raises(HostKeyChanged):
            connecting(replace(there, address=replace(there.address, host_keys=bastion.host_keys)))
        unknown = replace(there, address=replace(there.address, host_keys=()))
        assert fingerprints(*scan_host_keys_behind(unknown)) == fingerprints(*inner.host_keys)
        inner.stop()
        with pytest.raises(Unreachable):
            connecting(there)
