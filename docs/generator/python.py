"""The references of the plugin SDK and of the Python client, out of signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import satellite.client
import satellite.plugin
import satellite.plugin.model

SECTIONS = {"Raises:", "Returns:", "Yields:"}
SDK_HEAD = """\
# Plugin SDK

`satellite.plugin`: what a plugin imports. Standard library only, Python 3.9 or newer. How to write one is in
[plugins](../../plugins/README.md).

"""
CLIENT_HEAD = """\
# Python client

`satellite.client.SatelliteClient`; `AsyncSatelliteClient` has the same methods, to be awaited or iterated
over. How to use them is in [Python clients](../client.md).

"""


def sdk_page() -> str:
    """Return the page of the SDK."""
    return SDK_HEAD + "".join(_module(satellite.plugin)) + "".join(_module(satellite.plugin.model))


def client_page() -> str:
    """Return the page of the client, method by method, and of its errors."""
    methods = sorted(name for name in dir(satellite.client.SatelliteClient) if not name.startswith("_"))
    told = (_told(f"`{name}`", getattr(satellite.client.SatelliteClient, name), 3) for name in methods)
    return CLIENT_HEAD + "## Methods\n\n" + "".join(told) + "".join(_module(satellite.client))


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## `{module.__name__}`\n\n"
    for name in sorted(module.__all__):
        yield _told(f"`{name}`", getattr(module, name), 3)


def _told(title: str, thing: Any, level: int) -> str:
    if not callable(thing) and not isinstance(thing, property):
        return ""
    text = inspect.getdoc(thing) or ""
    return f"{'#' * level} {title}\n\n{_signature(thing)}{_as_markdown(text)}\n\n"


def _signature(thing: Any) -> str:
    if isinstance(thing, type | property):
        return ""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    kept = [each for each in signature.parameters.values() if each.name != "self"]
    shown = signature.replace(parameters=kept)
    return f"```python\n{thing.__name__}{str(shown).replace(chr(39), '')}\n```\n\n"


def _as_markdown(docstring: str) -> str:
    """Return a docstring with its sections as paragraphs; what is indented would be code."""
    lines = [line.strip() for line in docstring.splitlines()]
    return "\n".join(f"**{line}**\n" if line in SECTIONS else line for line in lines)
