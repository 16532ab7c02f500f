"""The names that expressions may use; whatever else they name is a mistake, told before anything runs."""

from __future__ import annotations

from typing import Final

RESULTS: Final = "results"
ITEM: Final = "item"
ROOTS: Final = frozenset({RESULTS, "params", "run"})
"""What every expression may begin a name with; templates of mapped tasks also with `item`."""

MACROS: Final = frozenset({"map", "filter", "all", "exists", "exists_one"})
"""They evaluate their second argument once for each element of a list."""
WORDS: Final = frozenset({"true", "false", "null", "in"})
FUNCTIONS: Final = frozenset(
    {
        "bytes",
        "contains",
        "double",
        "duration",
        "dyn",
        "endsWith",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
        "has",
        "int",
        "matches",
        "size",
        "startsWith",
        "string",
        "timestamp",
        "type",
        "uint",
    }
)
"""All functions that the library knows."""
