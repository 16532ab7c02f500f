"""The decorator `@plugin`: what Satellite needs to know of an author's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Declaration:
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

    The function takes the job's input and returns its result. Annotate the input with a dataclass or
    a pydantic model to get an instance of it; any other annotation gets the plain JSON value.

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
    if inspect.iscoroutinefunction(declaration.function):
        raise TypeError(f"{declaration.name} is async; a plugin is a plain function")
    arguments = ["input"] if declaration.setup is None else ["input", "what setup returned"]
    try:
        inspect.signature(declaration.function).bind(*arguments)
    except TypeError as error:
        raise TypeError(f"{declaration.name} must take ({', '.join(arguments)}): {error}") from None


def find_declaration(function: Callable[..., Any] | None) -> Declaration:
    """Return the declaration of `function`, or the only one there is when `function` is None.

    Raises:
        TypeError: no function was given and not exactly one was declared.
    """
    if function is None:
        if len(_declared) != 1:
            raise TypeError(f"main() needs exactly one function with @plugin, found {len(_declared)}")
        return _declared[0]
    for declaration in reversed(_declared):
        if declaration.function is function:
            return declaration
    plugin(function)
    return _declared[-1]
