"""Which variables of loops are known at a place of an expression."""

from __future__ import annotations


class Scopes:
    """The brackets that are open, and the variable of each that belongs to a loop."""

    def __init__(self) -> None:
        """Begin outside of all brackets."""
        self.has_loop = False
        self._open: list[str | None] = []

    def open(self, variable: str | None) -> None:
        """Enter a bracket; that of a loop has a variable."""
        self.has_loop = self.has_loop or variable is not None
        self._open.append(variable)

    def close(self) -> None:
        """Leave the innermost bracket."""
        self._open.pop()

    def knows(self, name: str) -> bool:
        """Tell whether a loop that surrounds the place has this variable."""
        return name in self._open

    @property
    def is_nested(self) -> bool:
        """Tell whether a loop is inside of another."""
        return sum(variable is not None for variable in self._open) > 1
