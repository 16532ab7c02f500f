"""What was found while a plugin was tried."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

QUOTED_CHARACTERS = 300


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
    runs: int = 0
    slowest_s: float = 0
    findings: tuple[Finding, ...] = ()


class Report(BaseModel):
    """All checks of one plugin version on one runtime; what came after one that must hold was not tried."""

    model_config = ConfigDict(frozen=True)

    plugin: str
    version: str
    runtime: str
    checks: tuple[Checked, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not any(checked.findings for checked in self.checks)

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        for checked in self.checks:
            word = "found" if checked.findings else "ok"
            timing = f"{checked.runs} runs, slowest {checked.slowest_s:.2f} s" if checked.runs else ""
            yield f"{word:6}{checked.check:12}{timing}".rstrip()
            for finding in checked.findings:
                yield from (f"      {line}" for line in finding.lines())
        count = sum(len(checked.findings) for checked in self.checks)
        verdict = "nothing found" if self.is_clean else f"{count} found"
        yield f"{self.plugin} {self.version} as {self.runtime}: {verdict}"
