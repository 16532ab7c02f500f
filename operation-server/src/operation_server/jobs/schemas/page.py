"""What all lists have in common."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict


def page_of(example: dict[str, Any], **more: Any) -> ConfigDict:
    """Return the configuration of a list with one item as its example."""
    return ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [example], **more}]})
