"""Goes through the words of an expression, and refuses what would fail or never end when it is evaluated."""

from __future__ import annotations

from typing import Final

import cel

from operation_server.workflows.expressions.scopes import Scopes
from operation_server.workflows.expressions.tokens import TokenKind, tokens_of
from operation_server.workflows.expressions.vocabulary import FUNCTIONS, ITEM, MACROS, RESULTS, ROOTS, WORDS

PARTS_HERE: Final = 16
"""Up to so many sums and elements, an expression without loops and patterns is cheap whatever it reads."""
NAME_A_TASK: Final = f'`{RESULTS}` must name a task, as in {RESULTS}.NAME or {RESULTS}["NAME"]'


class Refused(Exception):
    """The expression breaks a rule; the argument says which."""


class Reader:
    """Reads one expression that is well formed."""

    def __init__(self, text: str) -> None:
        """Have read nothing yet."""
        self.tasks: set[str] = set()
        self.names: set[str] = set()
        self.is_small = False
        self._tokens = list(tokens_of(text))
        self._scopes = Scopes()
        self._seen: set[str] = set()

    def read(self, program: cel.Program) -> None:
        """Read it all.

        Raises:
            Refused: a rule is broken.
        """
        for place, token in enumerate(self._tokens):
            if token.kind is TokenKind.NAME and token.text not in WORDS:
                self._take_name(place, token.text)
            elif token.kind is TokenKind.SIGN:
                self._take_sign(place, token.text)
        # What the library sees and this does not would go unchecked.
        if unseen := set(program.variables()) - self._seen:
            raise Refused(f"is not understood at {min(unseen)}")
        costly = self._scopes.has_loop or "matches" in program.functions()
        parts = sum(token.text in ("+", ",") for token in self._tokens)
        self.is_small = not costly and parts <= PARTS_HERE

    def _take_name(self, place: int, name: str) -> None:
        is_called, is_member = self._sign_at(place + 1) == "(", self._sign_at(place - 1) == "."
        if is_called and name not in FUNCTIONS and not (is_member and name in MACROS):
            raise Refused(f"there is no function {name}")
        if not is_called and not is_member:
            self._take_variable(place, name)

    def _take_variable(self, place: int, name: str) -> None:
        self._seen.add(name)
        if name == RESULTS:
            self.tasks.add(self._task_at(place + 1))
        if name in ROOTS or name == ITEM:
            self.names.add(name)
        elif not self._scopes.knows(name):
            raise Refused(f"there is no variable {name}; there are {', '.join(sorted(ROOTS))}")

    def _take_sign(self, place: int, sign: str) -> None:
        if sign in "([{":
            self._scopes.open(self._bound_at(place) if sign == "(" else None)
            if self._scopes.is_nested:
                raise Refused(f"loops ({', '.join(sorted(MACROS))}) cannot be nested")
        elif sign in ")]}":
            self._scopes.close()

    def _bound_at(self, place: int) -> str | None:
        """Return the variable of the macro whose parenthesis is at `place`, None if it is no macro."""
        if self._sign_at(place - 2) != "." or self._text_at(place - 1) not in MACROS:
            return None
        name = self._text_at(place + 1)
        if name in ROOTS | {ITEM}:
            raise Refused(f"a variable of a loop cannot be called {name}")
        return name

    def _task_at(self, place: int) -> str:
        token = self._tokens[place + 1] if place + 1 < len(self._tokens) else None
        if token is not None and self._sign_at(place) == "." and token.kind is TokenKind.NAME:
            return token.text
        if token is not None and self._sign_at(place) == "[" and self._sign_at(place + 2) == "]":
            quoted = token.text
            if token.kind is TokenKind.TEXT and quoted[0] in "\"'" and "\\" not in quoted:
                return quoted.strip(quoted[0])
        raise Refused(NAME_A_TASK)

    def _text_at(self, place: int) -> str:
        return self._tokens[place].text if 0 <= place < len(self._tokens) else ""

    def _sign_at(self, place: int) -> str:
        is_sign = 0 <= place < len(self._tokens) and self._tokens[place].kind is TokenKind.SIGN
        return self._tokens[place].text if is_sign else ""
