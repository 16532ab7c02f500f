"""The jobs of the demo: what an ordinary day brings, good and bad, in a fixed order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from satellite.demo.people import ADA, BEN

CITIES: Final = ("Seoul", "Lagos", "Berlin", "Lima", "Oslo", "Quito")
TEXTS: Final = (
    "What a lovely day, and such a good coffee!",
    "The delivery was late and the box was broken.",
    "Works as it should.",
    "Terrible noise, but the support was great.",
)
AT_ONCE: Final[dict[str, Any]] = {"max_retries": 0}


@dataclass(frozen=True, kw_only=True)
class Work:
    """A job that somebody submits; `cancels` says that they think better of it."""

    key: str
    person: str
    plugin_name: str
    input_data: Any
    options: dict[str, Any] = field(default_factory=dict)
    cancels: bool = False


def day(wines: list[Any]) -> list[Work]:
    """Return all jobs of the demo, the same ones each time; `wines` are rows for the classifier."""
    ordinary = [*_cleaning(), *_moods(), *_wines(wines)]
    # Users do not take turns. Seeded, because a second demo has to say the same.
    random.Random(15).shuffle(ordinary)  # noqa: S311
    return [*_failing(), *ordinary, _cancelled(), _still_running(), _waiting()]


def _cleaning() -> Iterator[Work]:
    for number in range(24):
        city = CITIES[number % len(CITIES)]
        rows = "".join(f"{hour},{city},{12 + (hour * number) % 17}\n" for hour in range(24))
        table = {"csv": f"hour,city,degrees\n{rows}{rows[:40]}", "drop_incomplete": number % 2 == 0}
        yield _work(f"cleaning-{number}", (ADA, BEN)[number % 3 == 0].name, "example-processor", table)


def _moods() -> Iterator[Work]:
    for number in range(60):
        text = {"text": f"{TEXTS[number % len(TEXTS)]} (review {number})"}
        yield _work(f"mood-{number}", (BEN, ADA)[number % 4 == 0].name, "example-warm", text)


def _wines(rows: list[Any]) -> Iterator[Work]:
    for number in range(6 if rows else 0):
        chosen = {"rows": [rows[(number + each) % len(rows)] for each in range(4)]}
        yield _work(f"wines-{number}", ADA.name, "example-classifier", chosen)


def _failing() -> Iterator[Work]:
    """Yield a job for each kind of failure, and those of a plugin that has a bad day."""
    again = {"max_retries": 2, "delay_s": 1, "factor": 2}
    yield _fails("flaky", BEN.name, {"how": "exit", "code": 3}, retry=again)
    yield _fails("slow", BEN.name, {"how": "loop"}, retry=AT_ONCE, timeout_s=2)
    yield _fails("hungry", BEN.name, {"how": "memory", "megabytes": 512}, retry=AT_ONCE)
    yield _fails("killed", ADA.name, {"how": "kill"}, retry=AT_ONCE)
    yield _fails("refused", ADA.name, {"how": "refuse", "message": "the month 13 is none"})
    yield _fails("half", ADA.name, {"how": "bad_json"})
    yield _fails("shape", BEN.name, {"how": "wrong_schema"})
    for number in range(5):
        yield _fails(f"bad-day-{number}", BEN.name, {"how": "exit", "code": 4 + number % 2}, retry=AT_ONCE)


def _cancelled() -> Work:
    sleeping = {"how": "sleep", "seconds": 50}
    return _work("cancelled", ADA.name, "example-failing", sleeping, cancels=True)


def _still_running() -> Work:
    return _work("running", BEN.name, "example-failing", {"how": "sleep", "seconds": 55})


def _waiting() -> Work:
    """Return a job that no worker can take: it shows why it waits."""
    text = {"text": "Nobody is there to read this."}
    return _work("waiting", ADA.name, "example-warm", text, requires={"labels": {"zone": "elsewhere"}})


def _fails(key: str, person: str, input_data: Any, **options: Any) -> Work:
    return _work(f"failing-{key}", person, "example-failing", input_data, **options)


def _work(
    key: str, person: str, plugin_name: str, input_data: Any, *, cancels: bool = False, **options: Any
) -> Work:
    return Work(
        key=f"demo-{key}", person=person, plugin_name=plugin_name, input_data=input_data, options=options,
        cancels=cancels,
    )  # fmt: skip
