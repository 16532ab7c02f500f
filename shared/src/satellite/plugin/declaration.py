"""The decorator `@plugin`: what Satellite needs to know of an author's function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

IS_ASYNC = 0x80 | 0x200
"""Flags of a code object: coroutine, asynchronous generator."""
TAKES_ANY_NUMBER = 0x04
"""Flag of a code object: `*args`."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Declaration(NamedTuple):
    """One author's function and how it wants to be called."""

    function: Callable[..., Any]
    setup: Callable[[], Any] | None = None
    batch: bool = False

    @property
    def name(self) -> str:
        """Return the function's name, for messages."""
        return getattr(self.function, "__name__", repr(self.function))


_declared: list[Declaration] = []


@overload
def plugin(function: Function) -> Function: ...


@overload
def plugin(
    *, setup: Callable[[], Any] | None = None, batch: bool = False
) -> Callable[[Function], Function]: ...


def plugin(
    function: Function | None = None, *, setup: Callable[[], Any] | None = None, batch: bool = False
) -> Function | Callable[[Function], Function]:
    """Declare the function that does the plugin's work; the function itself stays as it is.

    The function takes the job's input and returns its result. The input is turned into what its annotation
    says: dataclasses, enums, dates, and lists, tuples, dicts and unions of them, or a pydantic model. What
    does not fit ends the job as `input`; without an annotation the plain JSON value comes.

    Args:
        function: The function, when the decorator is used without parentheses.
        setup: Called once before the first input, to load a model for instance. What it returns is
            the function's second argument.
        batch: The function takes a list of inputs and returns a list of as many results, in order.
            A result that is an exception fails its own job only.

    Raises:
        TypeError: the function cannot be called that way.
    """

    def declare(function: Function) -> Function:
        declaration = Declaration(function=function, setup=setup, batch=batch)
        check_signature(declaration)
        _declared.append(declaration)
        return function

    return declare if function is None else declare(function)


def check_signature(declaration: Declaration) -> None:
    """Raise TypeError when the function does not take the arguments that it will be given."""
    code = getattr(declaration.function, "__code__", None)
    if code is None:
        return  # An object with `__call__`, or a function not written in Python.
    # `inspect` would say the same, but importing it takes longer than all the rest of this package.
    if code.co_flags & IS_ASYNC:
        raise TypeError(f"{declaration.name} is async; a plugin is a plain function")
    given = 1 if declaration.setup is None else 2
    most = given if code.co_flags & TAKES_ANY_NUMBER else code.co_argcount
    least = code.co_argcount - len(getattr(declaration.function, "__defaults__", None) or ())
    if not least <= given <= most:
        wanted = "(input)" if declaration.setup is None else "(input, what setup returned)"
        raise TypeError(f"{declaration.name} must take {wanted}")


def find_declaration(function: Callable[..., Any] | None) -> Declaration:
    """Return the declaration of `function`, or the only one there is when `function` is None.

    Raises:
        TypeError: no function was given and not exactly one was declared.
    """
    if function is None:
        if len(_declared) != 1:
            raise TypeError(f"main() needs exactly one function with @plugin, found {len(_declared)}")
        return _declared[0]
    if not any(declaration.function is function for declaration in _declared):
        plugin(function)
    matching: list[Declaration] = [each for each in _declared if each.function is function]
    return matching[-1]
