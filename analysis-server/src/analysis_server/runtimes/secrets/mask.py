"""Masks secrets in what plugins write, in pieces of any size.

Of a piece only that is held back which may still become a form of a secret, so nothing waits that cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from analysis_server.runtimes.secrets.forms import SHORTEST, forms_of

MASK: Final = b"***"
HEAD_BYTES: Final = SHORTEST
"""By so many first bytes forms are looked for; none is shorter."""

Sink = Callable[[bytes], None]


class Sight(NamedTuple):
    """What is seen of secrets in a text."""

    spans: Sequence[tuple[int, int]]
    """Where they stand, in order; those that touch are one."""
    complete: int
    """How much of the text cannot become a part of one, whatever follows."""


class Masking(Protocol):
    """Takes what a plugin writes, and hands it on."""

    def write(self, data: bytes) -> None:
        """Take the next piece."""

    def finish(self) -> None:
        """Hand on what was held back, because no more will come."""


class SecretMask:
    """Knows all forms of some secrets. One that knows none costs nothing."""

    def __init__(self, values: Iterable[str] = (), *, in_lines: bool = False) -> None:
        """Take the secrets; with `in_lines`, no form goes beyond a line, and no line waits for the next."""
        self._by_head: dict[bytes, list[bytes]] = {}
        for form in forms_of(values):
            if not (in_lines and b"\n" in form):
                self._by_head.setdefault(form[:HEAD_BYTES], []).append(form)
        self._beginnings = {head[:length] for head in self._by_head for length in range(1, HEAD_BYTES)}
        # 50 MB/s through 60 forms, and 1 us for a line; to look for each form took 14 us (2026-11-30).
        self._head = re.compile(_any_of(sorted(self._by_head)))

    def stream(self, sink: Sink) -> Masking:
        """Return what hands on to `sink` what it is given, masked."""
        return MaskedStream(self, sink) if self._by_head else _Unmasked(sink)

    def look(self, text: bytes) -> Sight:
        """Find the secrets in a text, and where one may begin that goes on behind it."""
        found = []
        complete = len(text) - self._short_beginning(text)
        for at in self._heads(text):
            rest = len(text) - at
            for form in self._by_head[text[at : at + HEAD_BYTES]]:
                if len(form) <= rest and text.startswith(form, at):
                    found.append((at, at + len(form)))
                elif len(form) > rest and form.startswith(text[at:]):
                    complete = min(complete, at)
        return Sight(_joined(found), complete)

    def _heads(self, text: bytes) -> Iterator[int]:
        # They may overlap, as those of a secret that repeats itself do.
        found = self._head.search(text)
        while found is not None:
            yield found.start()
            found = self._head.search(text, found.start() + 1)

    def _short_beginning(self, text: bytes) -> int:
        lengths = range(min(HEAD_BYTES - 1, len(text)), 0, -1)
        return next((length for length in lengths if text[-length:] in self._beginnings), 0)


class MaskedStream:
    """One stream of one plugin, masked; holds back less than the longest form."""

    def __init__(self, mask: SecretMask, sink: Sink) -> None:
        """Begin with nothing held back."""
        self._mask = mask
        self._sink = sink
        self._held = b""
        self._told = 0
        """How much of what is held back belongs to a secret that a mask was written for already."""

    def write(self, data: bytes) -> None:
        """Take the next piece."""
        text = self._held + data
        sight = self._mask.look(text)
        self._hand_on(text, sight, until=sight.complete)

    def finish(self) -> None:
        """Hand on what was held back, because no more will come."""
        self._hand_on(self._held, self._mask.look(self._held), until=len(self._held))

    def _hand_on(self, text: bytes, sight: Sight, *, until: int) -> None:
        out, position = bytearray(), self._told
        for start, stop in sight.spans:
            if start >= until:
                break
            # What goes on with a secret that was masked already gets no mask of its own.
            if start > position or not position:
                out += text[position:start] + MASK
            position = max(position, stop)
        out += text[position:until]
        self._held, self._told = text[until:], max(0, position - until)
        if out:
            self._sink(bytes(out))


class _Unmasked:
    """A stream of a plugin without secrets."""

    def __init__(self, sink: Sink) -> None:
        self.write = sink

    def finish(self) -> None:
        """Do nothing: nothing was held back."""


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return joined


def _any_of(heads: Sequence[bytes]) -> bytes:
    """Return the pattern of some heads, all of a length, as a tree by their first bytes."""
    if not heads or not heads[0]:
        return b""
    branches: dict[bytes, list[bytes]] = {}
    for head in heads:
        branches.setdefault(head[:1], []).append(head[1:])
    return b"(?:" + b"|".join(re.escape(first) + _any_of(rest) for first, rest in branches.items()) + b")"


NO_MASK: Final = SecretMask()
