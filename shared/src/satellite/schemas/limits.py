"""How much a schema may cost, and where; the figures were measured with jsonschema-rs 0.60 on 2026-11-25.

*Size* is how many JSON values a schema amounts to once each reference is replaced by what it refers to, plus
what its patterns weigh. *Work* is size times the bytes of the value: a bound of what checking can take.
"""

from __future__ import annotations

MOST_BYTES = 256 * 1024
MOST_DEPTH = 64
MOST_SIZE = 1_000_000
"""A schema beyond it is refused; 19 levels of `allOf` with the same reference twice amount to 4,700,000."""

SMALL_SIZE = 2_000
"""Up to it a plain schema is compiled in the server itself: 2.5 µs for each value, 5 ms at most."""
WORK_HERE = 1_000_000
"""Up to it a value is checked in the server itself: 10 ns a unit, 10 ms at most."""
LISTED_HERE = 10_000
"""Up to it the server itself lists what is wrong, which takes 4 to 35 µs each and never stops early."""
LISTED_THERE = 1_000_000
"""Up to it a limited process lists all that is wrong, beyond it the first violation only."""

MOST_VIOLATIONS = 100
MOST_MESSAGE_CHARACTERS = 500
BACKTRACK_LIMIT = 100_000
"""Steps of one pattern at one place before it counts as a mismatch; ordinary patterns need a few hundred."""

CHECKERS = 2
"""Limited processes of one server process. They are started when first needed."""
CPU_S = 2
"""CPU time that a limited process has for one compilation and check."""
WALL_S = 20.0
"""The same by the clock, far longer, so that a busy machine ends nobody's check."""
MEMORY_MIB = 512
"""Address space of a limited process; an idle one needs 40 MiB."""
WAIT_S = 5.0
"""How long a request waits for a free limited process before it is told to come back."""
IDLE_S = 300.0
"""After it a limited process ends itself."""
MOST_COMPILED = 256
"""Compiled schemas that one process keeps."""
