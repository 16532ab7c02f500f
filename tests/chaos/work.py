"""The kinds of work in the mix: a new one (a workflow, a cluster's job, a model) is one more of `KINDS`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plugins import BATCHED, ONESHOT, SERVER
from tests.chaos.submission import FollowUp, Submit, cancel, cancel_then_retry, submit_as_batch, submit_singly


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is submitted, how, and how it must end."""

    name: str
    plugin: str = ONESHOT
    share: int
    """How often it comes in a round."""
    jobs: int = 1
    """Jobs of one submission."""
    submit: Submit = submit_singly
    how: str = "work"
    seconds: tuple[float, float] = (0, 0)
    """Shortest and longest time that the plugin takes."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the request."""
    afterwards: FollowUp | None = None
    """What is done within 10 s of the submission: some wait by then, some run."""
    may_end: frozenset[str] = frozenset({"completed"})
    fails_with: str | None = None
    """The error's kind, of work whose plugin never succeeds."""
    needs_marks: bool = False
    """The plugin reads its own marks, which it cannot from inside a container."""

    def body(self, number: int, dice: random.Random) -> dict[str, Any]:
        """Return the request for one job."""
        seconds = round(dice.uniform(*self.seconds), 2)
        input_data = {"number": number, "how": self.how, "seconds": seconds}
        return {"plugin_name": self.plugin, "input_data": input_data, **self.fields}


FAILED = frozenset({"failed"})
STOPPED = frozenset({"cancelled", "completed"})

# Long enough that the slots and not the processors decide how many end in a second: about one a slot.
KINDS: tuple[Kind, ...] = (
    Kind(name="single", share=6, seconds=(0.3, 2.5)),
    Kind(name="long", share=1, seconds=(3, 5)),
    Kind(name="urgent", share=2, seconds=(0.3, 1), fields={"priority": 5}),
    Kind(name="batch", share=1, jobs=15, submit=submit_as_batch, seconds=(0.3, 2.5)),
    Kind(name="served", share=4, plugin=SERVER, seconds=(0, 0.02)),
    Kind(name="served batch", share=1, plugin=BATCHED, jobs=25, submit=submit_as_batch, seconds=(0, 0.05)),
    Kind(name="flaky", share=2, how="fail once", seconds=(0.1, 1), needs_marks=True),
    Kind(name="refused", share=1, how="refuse", may_end=FAILED, fails_with="input"),
    Kind(name="hopeless", share=1, how="fail", fields={"max_retries": 1}, may_end=FAILED, fails_with="exit"),
    Kind(name="too long", share=1, seconds=(50, 50), fields={"timeout_s": 1, "max_retries": 0},
         may_end=FAILED, fails_with="timeout"),
    Kind(name="cancelled", share=2, seconds=(5, 8), afterwards=cancel, may_end=STOPPED),
    Kind(name="retried by hand", share=2, seconds=(1, 2), afterwards=cancel_then_retry),
)  # fmt: skip

PROBE = Kind(name="probe", share=0, fields={"priority": 9})
"""Tells when the platform works again after a fault."""


def draw_kinds(kinds: Sequence[Kind], dice: random.Random) -> Iterator[Kind]:
    """Yield kinds in shuffled rounds, for ever; each comes in every round as often as its share says."""
    deck = [kind for kind in kinds for _ in range(kind.share)]
    while True:
        yield from dice.sample(deck, len(deck))
