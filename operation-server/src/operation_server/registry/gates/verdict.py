"""What a gate says of a version, in words that have the numbers of both sides."""

from __future__ import annotations

from dataclasses import dataclass, field

from operation_server.database.rows import AnyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """Whether an alias was moved, and what the version misses of what its gate asks, if there is one."""

    is_moved: bool
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, row: AnyRow) -> GateVerdict:
        """Return the verdict that the statement of a move has come to."""
        return cls(is_moved=row.is_moved, faults=[] if row.metric is None else _faults(row))


def _faults(row: AnyRow) -> list[str]:
    on = f"on the data {row.data_digest}"
    if row.value is None:
        return [f"it has no evaluation of {row.metric} {on}"]
    found = []
    if row.at_least is not None and row.value < row.at_least:
        found.append(f"{row.metric} is {row.value:g} {on}, and must be at least {row.at_least:g}")
    if row.at_most is not None and row.value > row.at_most:
        found.append(f"{row.metric} is {row.value:g} {on}, and must be at most {row.at_most:g}")
    if row.is_worse is None:
        named = f"version {row.named_version}, which it would replace,"
        found.append(f"{named} has no evaluation of {row.metric} {on} to compare with")
    elif row.is_worse:
        than = f"{row.named_value:g} of version {row.named_version}, which it would replace"
        found.append(f"{row.metric} is {row.value:g} {on}, worse than {than}")
    return found
