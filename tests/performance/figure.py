"""One measured figure beside its floor and its target."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A value in `unit`, the floor it is compared with, and what was aimed for in words."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    target: str = ""

    @property
    def ratio(self) -> float | None:
        """Return value / floor."""
        return self.value / self.floor if self.floor else None

    def row(self) -> tuple[str, str, str, str, str]:
        """Return the cells of the figure's line in the table."""
        floor = f"{self.floor:.1f} {self.unit} ({self.floor_name})" if self.floor else ""
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        return self.name, f"{self.value:.1f} {self.unit}", floor, ratio, self.target

    def as_dict(self) -> dict[str, Any]:
        """Return the figure for the JSON report."""
        return {**asdict(self), "ratio": self.ratio}
