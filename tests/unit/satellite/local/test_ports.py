"""Ports of the local stack."""

from __future__ import annotations

import socket

import pytest

from satellite.local.errors import PortTaken
from satellite.local.ports import OWN_RANGE, choose_port, find_free_port, find_free_ports


def test_free_ports_differ() -> None:
    assert len(set(find_free_ports(20))) == 20


class TestChoosePort:
    def test_taken_port_is_refused_with_the_option_to_change(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            with pytest.raises(
                PortTaken, match=f"Port {port} is already in use; choose another one with --port"
            ):
                choose_port(port, preferred=8000, option="--port")

    def test_preferred_port_gives_way_when_it_is_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            preferred = server.getsockname()[1]

            assert choose_port(None, preferred=preferred, option="--port") != preferred

    def test_preferred_port_is_taken_when_it_is_free(self) -> None:
        preferred = find_free_port()

        assert choose_port(None, preferred=preferred, option="--port") == preferred


class TestFindFreePorts:
    def test_gives_no_port_twice_in_a_row(self) -> None:
        first, second = find_free_ports(50), find_free_ports(50)
        assert len({*first, *second}) == 100

    def test_leaves_out_what_is_taken(self) -> None:
        (port,) = find_free_ports(1)
        following = OWN_RANGE[(OWN_RANGE.index(port) + 1) % len(OWN_RANGE)]
        with socket.create_server(("127.0.0.1", following)):
            assert following not in find_free_ports(3)
