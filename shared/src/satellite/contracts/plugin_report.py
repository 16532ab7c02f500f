"""What was found while a plugin was tried: printed for its author, and kept with its registered version."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from satellite.contracts import numbers

QUOTED_CHARACTERS: Final = 300
REPORT_BYTES_MAX: Final = 64 * 1024
"""A larger report is kept without inputs and logs, its messages quoted, the first findings of each check."""
FINDINGS_KEPT: Final = 5
EXAMPLE: Final[dict[str, Any]] = {
    "plugin": "example-classifier",
    "version": "1.0.0",
    "runtime": "process",
    "manifest_digest": "9f2c7a51d0e84b6f83a0c5e1724d96bb",
    "tested_at": "2026-01-02T03:00:00Z",
    "checks": [
        {"check": "start", "runs": 0, "slowest_s": 0, "findings": []},
        {
            "check": "examples",
            "runs": 1,
            "slowest_s": 0.2,
            "findings": [{"message": "exit: the plugin ended with code 3", "input": {"n": 1}, "log": None}],
        },
    ],
}


class Check(StrEnum):
    """What a plugin is asked, in this order."""

    MANIFEST = "manifest"
    """`plugin.json` can be registered, and its examples keep its input schema."""
    START = "start"
    """The image is there, or the environment can be made."""
    EXAMPLES = "examples"
    """Each example completes, well within the timeout, with a result that keeps the output schema."""
    NEIGHBOURS = "neighbours"
    """What the input schema allows near the examples completes, or is refused in the plugin's own words."""
    REPEATS = "repeats"
    """Asked again and again it goes on answering, and a server does not grow."""
    CANCEL = "cancel"
    """Asked to stop in the middle, it stops."""


class Finding(BaseModel):
    """One thing that is wrong, and the input that shows it."""

    model_config = ConfigDict(frozen=True)

    message: str
    input: Any = None
    log: str | None = Field(default=None, description="The last lines of stderr.")

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        yield self.message
        if self.input is not None:
            yield f"  input {self.input!r}"[:QUOTED_CHARACTERS]
        for line in (self.log or "").splitlines()[-5:]:
            yield f"  | {line}"


class Checked(BaseModel):
    """One check, and what it found."""

    model_config = ConfigDict(frozen=True)

    check: Check
    runs: numbers.Runs = 0
    slowest_s: numbers.TookS = 0
    findings: tuple[Finding, ...] = ()

    def shortened(self) -> Checked:
        """Return it with the first findings, in a few words each."""
        first = self.findings[:FINDINGS_KEPT]
        words = tuple(Finding(message=finding.message[:QUOTED_CHARACTERS]) for finding in first)
        return self.model_copy(update={"findings": words})


class Report(BaseModel):
    """All checks of one plugin version on one runtime; what came after one that must hold was not tried."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    plugin: str = Field(max_length=64)
    version: str = Field(max_length=64)
    runtime: str = Field(max_length=64)
    manifest_digest: str = Field(max_length=64, description="SHA-256 of the manifest that was tried.")
    tested_at: AwareDatetime
    checks: tuple[Checked, ...] = Field(default=(), max_length=len(Check))

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not any(checked.findings for checked in self.checks)

    @property
    def count(self) -> int:
        """Return how much was found."""
        return sum(len(checked.findings) for checked in self.checks)

    def bounded(self) -> Report:
        """Return it as it is kept, in no more than `REPORT_BYTES_MAX`."""
        if len(self.model_dump_json()) <= REPORT_BYTES_MAX:
            return self
        return self.model_copy(update={"checks": tuple(checked.shortened() for checked in self.checks)})

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        for checked in self.checks:
            word = "found" if checked.findings else "ok"
            timing = f"{checked.runs} runs, slowest {checked.slowest_s:.2f} s" if checked.runs else ""
            yield f"{word:6}{checked.check:12}{timing}".rstrip()
            for finding in checked.findings:
                yield from (f"      {line}" for line in finding.lines())
        verdict = "nothing found" if self.is_clean else f"{self.count} found"
        yield f"{self.plugin} {self.version} as {self.runtime}: {verdict}"
