"""What the first bytes of a program tell of whether the kernel takes it for one."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 256
"""As much as the kernel reads of a script's first line."""

_ELF: Final = b"\x7fELF"
_ALSO_RUNS: Final = {b"\x03\x00": b"\x3e\x00", b"\x28\x00": b"\xb7\x00"}
"""Machines, as ELF names them, whose programs a wider one runs as well: i386 on x86-64, ARM on AArch64."""


def has_wrong_format(head: bytes, *, proven: bytes) -> bool:
    """Tell whether a program is a binary of another kind than `proven`, the head of one that runs there."""
    if head.startswith(_ELF):
        return _machine(head) != _machine(proven)
    return not head.startswith(b"#!") and b"\0" in head


def interpreter_of(head: bytes) -> bytes | None:
    """Return the path in a script's first line, a stray CR included; None where nothing is a script."""
    if not head.startswith(b"#!"):
        return None
    return head[2:].partition(b"\n")[0].strip(b" \t").replace(b"\t", b" ").partition(b" ")[0]


def _machine(head: bytes) -> bytes:
    named = head[18:20]
    return head[5:6] + _ALSO_RUNS.get(named, named)
