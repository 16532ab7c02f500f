"""What a regular expression can cost, estimated without compiling it."""

from __future__ import annotations

import re

# What may be repeated, and how; a class, an escape or a group's beginning is one token.
_TOKEN = re.compile(
    r"""(?P<property>\\[pP](?:\{[^}]*\}|.))
    |(?P<escape>\\.)
    |(?P<class>\[\^?\]?(?:\\.|[^\]\\\[])*\])
    |(?P<open>\((?:\?:)?)
    |(?P<close>\))
    |(?P<count>\{\d{1,6}(?:,\d{0,6})?\})
    |(?P<repeat>[*+?])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BACKTRACKS = re.compile(r"\(\?(?!:)|\\[0-9kGKQ]|[*+?}]\+|\[[^\]]*(?:\[|&&)|\{\d*,?\d{7}")
"""Lookaround, references to groups, possessive and nested parts, huge counts: no automaton, or a huge one."""
_PROPERTY_WEIGHT = 100
"""A Unicode property is hundreds of ranges of bytes."""
_ANY_WEIGHT = 4


def weigh(pattern: str) -> int | None:
    """Return about how many states a pattern has, or None when matching it may take more than linear time."""
    if _BACKTRACKS.search(pattern):
        return None
    # One sum for each group that is open; `last` is what a count would multiply.
    sums, last = [0], 0
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind == "open":
            sums.append(0)
            last = 0
        elif kind == "close" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        elif kind == "count":
            times = max(1, *(int(number) for number in re.findall(r"\d+", token[0])))
            sums[-1] += last * (times - 1)
            last *= times
        elif kind != "repeat":
            last = _weight_of(kind, token[0])
            sums[-1] += last
    return sum(sums)


def _weight_of(kind: str | None, text: str) -> int:
    if kind == "property" or "\\p" in text or "\\P" in text:
        return _PROPERTY_WEIGHT
    return _ANY_WEIGHT if text == "." or text[:2] in {"[^", "\\D", "\\W", "\\S"} else 1
