"""Values that Python tasks have pushed, as expressions and answers see them: plain JSON."""

from __future__ import annotations

from typing import Any, Final

TYPE: Final = "$type"
VALUE: Final = "value"


def plain(value: Any) -> Any:
    """Return a value without the tags by which Python gets its own types back."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if TYPE in value and VALUE in value:
        return plain(value[VALUE])
    return {key: plain(each) for key, each in value.items()}
