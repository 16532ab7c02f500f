"""The words and signs of an expression in CEL, as far as it takes to know what an expression is about.

Whether it is well formed is for the library to say; this sees what the library does not tell: the scope of
names, and which results are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple


class TokenKind(StrEnum):
    """What a token is."""

    SPACE = "space"
    """Blanks and comments."""
    TEXT = "text"
    NAME = "name"
    NUMBER = "number"
    SIGN = "sign"


class Token(NamedTuple):
    """One word or sign, and where it ends."""

    kind: TokenKind
    text: str
    end: int


TOKEN: Final = re.compile(
    r"""
    (?P<space> \s+ | //[^\n]* )
    | (?P<text>
        (?: [rR][bB]? | [bB][rR] ) (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n]*" | '[^'\n]*' )
        | [bB]? (?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3} )
        | [bB]? (?: "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
      )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> 0[xX][0-9a-fA-F]+[uU]? | [0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]? )
    | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of a text from a place in it, without blanks and comments."""
    for match in TOKEN.finditer(text, start):
        kind = TokenKind(match.lastgroup or TokenKind.SIGN)
        if kind is not TokenKind.SPACE:
            yield Token(kind, match[0], match.end())
