"""What goes between a server and its limited processes: byte strings with their length before them."""

from __future__ import annotations

import socket
import struct

_LENGTH = struct.Struct("!I")


def send_frame(peer: socket.socket, *payloads: bytes) -> None:
    """Send byte strings, each as a frame; raises `OSError` when the peer is gone or does not read in time."""
    peer.sendall(b"".join(part for each in payloads for part in (_LENGTH.pack(len(each)), each)))


def receive_frame(peer: socket.socket) -> bytes:
    """Receive one frame; raises `EOFError` when the peer is gone, `TimeoutError` when it says nothing."""
    (length,) = _LENGTH.unpack(_receive(peer, _LENGTH.size))
    return _receive(peer, length)


def _receive(peer: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        piece = peer.recv(length - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
