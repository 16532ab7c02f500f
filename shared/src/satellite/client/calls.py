"""How a call is written once for both clients: as a generator that says what it needs and is told the answer.

A rule yields effects (a request, a pause, …) and never does them, so that nothing in it waits: the one client
performs them in its thread, the other in its event loop.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, overload

import httpx

from satellite.client.reading import json_of, read_answer
from satellite.client.retrying import SAFE

API: Final = "/api/v1"

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request, which is answered by its response; a refusal is raised as an `APIError`."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    """Sent as JSON."""
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: httpx.Timeout | None = None
    retry_for_s: float | None = None
    """As long as what passes by itself is asked again; the client's own unless given."""
    is_repeatable: bool = False
    """To ask twice has the effect of asking once, whatever the method."""
    renews: bool = True
    """Whether a login that is refused is renewed for it."""
    sink: Callable[[bytes], None] | None = None
    """Takes the body of the answer in pieces, which is then not kept."""

    @property
    def is_harmless(self) -> bool:
        """Tell whether it may be sent twice."""
        return self.is_repeatable or self.method in SAFE


@dataclass(frozen=True)
class Pause:
    """Some seconds in which nothing happens."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """What blocks, such as reading a file; done where it keeps nobody else. Answered by what it returns."""

    work: Callable[[], Any]


@dataclass(frozen=True)
class Connect:
    """A WebSocket, which is open until the call ends or the next one is; answered by it."""

    address: str


@dataclass(frozen=True)
class Receive:
    """The next frame of a WebSocket or an answer; a TimeoutError is raised when none comes in time."""

    socket: Any
    left_s: float | None


@dataclass(frozen=True)
class Listen:
    """An answer of server-sent events, open as a WebSocket is; answered by what gives their data.

    A refusal is raised as an `APIError`, and `Receive` raises an EOFError at its end.
    """

    request: Request


@dataclass(frozen=True)
class Renew:
    """Another access token for the one that was refused; answered by whether there is one."""

    refused: str | None


@dataclass(frozen=True)
class Item(Generic[T]):
    """One of the things that a stream gives to whoever iterates over it."""

    value: T


@dataclass(frozen=True)
class Done(Generic[T]):
    """What a rule returns at its end."""

    value: T


Effect = Request | Pause | Work | Connect | Listen | Receive | Renew
Flow = Generator[Effect, Any, R]
ItemFlow = Generator[Effect | Item[R], Any, None]


def send(method: str, path: str, **options: Any) -> Flow[httpx.Response]:
    """Send a request to the API; `options` are the other fields of `Request`."""
    response: httpx.Response = yield Request(method=method, path=API + path, **options)
    return response


def ask(kind: type[R], method: str, path: str, **options: Any) -> Flow[R]:
    """Send a request to the API and return its answer as what it should be."""
    response = yield from send(method, path, **options)
    return read_answer(kind, json_of(response))


def tell(method: str, path: str, **options: Any) -> Flow[None]:
    """Send a request to the API whose answer says nothing more than that it was done."""
    yield from send(method, path, **options)


def pause(seconds: float) -> Flow[None]:
    """Wait."""
    yield Pause(seconds)


def work(blocking: Callable[[], R]) -> Flow[R]:
    """Do what blocks and return what it returns."""
    done: R = yield Work(blocking)
    return done


def resume(flow: Generator[T, Any, R], answer: Any = None, error: BaseException | None = None) -> T | Done[R]:
    """Tell a rule what became of its last effect, and return the next one."""
    try:
        return flow.send(answer) if error is None else flow.throw(error)
    except StopIteration as end:
        return Done(end.value)


class Synchronous:
    """Performs calls in the thread of whoever makes them."""

    def _run(self, flow: Flow[R]) -> R:
        raise NotImplementedError

    def _iterate(self, flow: ItemFlow[R]) -> Generator[R, None, None]:
        raise NotImplementedError


class Asynchronous:
    """Performs calls in an event loop."""

    async def _run(self, flow: Flow[R]) -> R:
        raise NotImplementedError

    def _iterate(self, flow: ItemFlow[R]) -> AsyncGenerator[R, None]:
        raise NotImplementedError


class Call(Generic[P, R]):
    """Makes a rule the method of a client that returns what the rule returns; of a class it is the rule."""

    def __init__(self, rule: Callable[Concatenate[Any, P], Flow[R]]) -> None:
        self._rule = rule

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Flow[R]]: ...
    @overload
    def __get__(self, client: Synchronous, owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, client: Asynchronous, owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, client: Any, owner: type) -> Callable[..., Any]:
        """Return the rule, or the method of this client."""
        return _bound(self._rule, client, "_run")


class Stream(Generic[P, R]):
    """Makes a rule the method of a client that iterates over the rule's items; of a class it is the rule."""

    def __init__(self, rule: Callable[Concatenate[Any, P], ItemFlow[R]]) -> None:
        self._rule = rule

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], ItemFlow[R]]: ...
    @overload
    def __get__(self, client: Synchronous, owner: type) -> Callable[P, Generator[R, None, None]]: ...
    @overload
    def __get__(self, client: Asynchronous, owner: type) -> Callable[P, AsyncGenerator[R, None]]: ...
    def __get__(self, client: Any, owner: type) -> Callable[..., Any]:
        """Return the rule, or the method of this client."""
        return _bound(self._rule, client, "_iterate")


def _bound(rule: Callable[..., Any], client: Any, perform: str) -> Callable[..., Any]:
    if client is None:
        return rule

    @functools.wraps(rule)
    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(client, perform)(rule(client, *arguments, **options))

    return call
