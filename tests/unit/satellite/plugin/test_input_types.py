"""What annotations say is what a plugin's function gets; what does not fit is named by its pointer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NewType, Optional, TypeVar, Union

import pytest

from satellite.plugin.conversion import make_input_converter
from satellite.plugin.declaration import Declaration
from satellite.plugin.failure import Failure
from satellite.plugin.framing import decode
from satellite.plugin.hints import find_hints
from satellite.plugin.invocation import Invocation

if TYPE_CHECKING:
    from somewhere_else import Unknown

Item = TypeVar("Item")
Name = NewType("Name", str)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Sub:
    n: int
    colour: Colour = Colour.RED


@dataclass
class Other:
    s: str


@dataclass
class Circle:
    kind: Literal["circle"]
    r: float


@dataclass
class Disc:
    kind: Literal["circle", "disc"]
    r: float


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)
    left: Tree | None = None


@dataclass
class Box(Generic[Item]):
    content: Item


@dataclass
class Everything:
    maybe: Sub | None = None
    either: Sub | Other | None = None
    shape: Circle | Other | None = None
    alike: Union[Circle, Disc, None] = None  # noqa: UP007
    named: dict[str, Sub] = field(default_factory=dict)
    levels: Mapping[Level, int] = field(default_factory=dict)
    painted: dict[Colour, Any] = field(default_factory=dict)
    by_number: dict[int, Optional[Sub]] = field(default_factory=dict)  # noqa: UP045
    listed: Sequence[Sub] = ()
    nested: list[dict[str, list[Sub]]] = field(default_factory=list)
    pair: tuple[int, Sub] | None = None
    row: tuple[Colour, ...] = ()
    level: Level = Level.LOW
    word: Literal["a", "b", 3] = "a"
    moment: dt.datetime | None = None
    day: dt.date | None = None
    anything: Any = None
    unknown: Unknown | None = None
    unknown_list: list[Unknown] = field(default_factory=list)
    number: float = 0.0
    name: Name = Name("")
    fixed: Final[int] = 0
    box: Box[int] | None = None
    tree: Tree | None = None


def converted(value: Any, wanted: Any = Everything) -> Any:
    converter = make_input_converter(wanted)
    return value if converter is None else converter(value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"maybe": {"n": 1}}, Everything(maybe=Sub(1))),
        ({"maybe": None}, Everything()),
        ({"either": {"n": 1, "colour": "blue"}}, Everything(either=Sub(1, Colour.BLUE))),
        ({"either": {"s": "x"}}, Everything(either=Other("x"))),
        ({"shape": {"kind": "circle", "r": 2}}, Everything(shape=Circle("circle", 2.0))),
        ({"alike": {"kind": "disc", "r": 2}}, Everything(alike=Disc("disc", 2.0))),
        ({"named": {"a": {"n": 1}}}, Everything(named={"a": Sub(1)})),
        ({"levels": {"2": 1}}, Everything(levels={Level.HIGH: 1})),
        ({"painted": {"red": "x"}}, Everything(painted={Colour.RED: "x"})),
        ({"by_number": {"7": {"n": 1}, "8": None}}, Everything(by_number={7: Sub(1), 8: None})),
        ({"listed": [{"n": 1}, {"n": 2.0}]}, Everything(listed=[Sub(1), Sub(2)])),
        ({"nested": [{"a": [{"n": 1}]}]}, Everything(nested=[{"a": [Sub(1)]}])),
        ({"pair": [5, {"n": 1}]}, Everything(pair=(5, Sub(1)))),
        ({"row": ["red", "blue"]}, Everything(row=(Colour.RED, Colour.BLUE))),
        ({"level": 2}, Everything(level=Level.HIGH)),
        ({"word": 3}, Everything(word=3)),
        (
            {"moment": "2026-11-25T12:00:00Z"},
            Everything(moment=dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)),
        ),
        ({"day": "2026-11-25"}, Everything(day=dt.date(2026, 11, 25))),
        ({"anything": {"n": 1}}, Everything(anything={"n": 1})),
        ({"unknown": {"n": 1}}, Everything(unknown={"n": 1})),
        ({"unknown_list": [{"n": 1}]}, Everything(unknown_list=[{"n": 1}])),
        ({"number": 3}, Everything(number=3.0)),
        ({"name": "x", "fixed": 4}, Everything(name=Name("x"), fixed=4)),
        ({"box": {"content": 1}}, Everything(box=Box(1))),
        (
            {"tree": {"name": "a", "children": [{"name": "b"}], "left": {"name": "c"}}},
            Everything(tree=Tree("a", [Tree("b")], Tree("c"))),
        ),
    ],
)
def test_what_annotations_say_is_made(given: dict[str, Any], expected: Everything) -> None:
    found = converted(given)

    assert found == expected
    assert [type(value) for value in vars(found).values()] == [
        type(value) for value in vars(expected).values()
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"maybe": 5}, "/maybe: Sub must be an object, not 5"),
        ({"maybe": {}}, "/maybe: Sub: 'n' is missing"),
        ({"maybe": {"n": "x"}}, '/maybe/n: must be a whole number, not "x"'),
        ({"maybe": {"n": True}}, "/maybe/n: must be a whole number, not true"),
        ({"maybe": {"n": 1, "colour": "green"}}, '/maybe/colour: must be one of "red", "blue", not "green"'),
        ({"either": {"n": "x"}}, "/either: fits nothing: "),
        ({"alike": {"kind": "circle", "r": 1}}, "/alike: fits Circle and Disc alike"),
        ({"named": [1]}, "/named: must be an object, not a list"),
        ({"named": {"a/b": {"n": None}}}, "/named/a~1b/n: must be a whole number, not null"),
        ({"by_number": {"x": None}}, '/by_number/x: must be named by a number (int), not "x"'),
        ({"levels": {"7": 1}}, '/levels/7: must be one of 1, 2, not "7"'),
        ({"listed": "abc"}, '/listed: must be a list, not "abc"'),
        ({"listed": [{"n": 1}, 2]}, "/listed/1: Sub must be an object, not 2"),
        ({"pair": [1]}, "/pair: must have 2 items, not 1"),
        ({"level": True}, "/level: must be one of 1, 2, not true"),
        ({"word": "c"}, '/word: must be one of "a", "b", 3, not "c"'),
        ({"moment": "noon"}, '/moment: must be a datetime in ISO 8601, not "noon"'),
        ({"number": 10**400}, "/number: must be a number that a float holds"),
        ({"name": 1}, "/name: must be a string, not 1"),
        ({"tree": {"name": "a", "children": [{}]}}, "/tree/children/0: Tree: 'name' is missing"),
        ([], "Everything must be an object, not a list"),
    ],
)
def test_what_does_not_fit_ends_the_job_as_input_and_is_named(given: Any, words: str) -> None:
    def work(request: Everything) -> None:
        raise AssertionError(request)

    answer = Invocation(Declaration(work)).answer_all([given], lambda _: None)[0]

    assert isinstance(answer, Failure)
    assert answer.kind == "input"
    assert answer.message.startswith(words), answer.message


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        (list[Sub], [{"n": 1}], [Sub(1)]),
        (Sub | None, None, None),
        (dict, {"n": 1}, {"n": 1}),
        (Colour, "red", Colour.RED),
        (Any, 5, 5),
        (object, 5, 5),
        (set, [1], [1]),
    ],
)
def test_the_whole_input_may_be_anything(wanted: Any, given: Any, expected: Any) -> None:
    assert converted(given, wanted) == expected


def test_a_batch_names_the_one_that_does_not_fit() -> None:
    def work(requests: list[Sub]) -> list[int]:
        return [request.n for request in requests]

    good, bad = Invocation(Declaration(work, batch=True)).answer_all([{"n": 1}, {"n": "x"}], lambda _: None)

    assert good == "1"
    assert isinstance(bad, Failure)
    assert (bad.kind, bad.message) == ("input", '/n: must be a whole number, not "x"')


def test_input_that_is_nested_deeper_than_python_goes_is_refused() -> None:
    text = '{"name": "a", "left": ' * 900 + "null" + "}" * 900
    answer = Invocation(Declaration(work_on_tree)).answer_all([decode(text)], lambda _: None)[0]

    assert isinstance(answer, Failure)
    assert (answer.kind, answer.message) == ("input", "the input is nested too deeply")


def work_on_tree(tree: Tree) -> str:
    return tree.name


class OldStyle:
    """Its annotations are such as Python 3.9 cannot evaluate: a class has no `|` there, like a text here."""


OldStyle.__annotations__ = {
    "maybe": "'Sub' | None",
    "quoted": "\"'Sub' | None\"",
    "several": "dict[str, 'Sub' | 'Other' | None]",
    "literal": "Literal['a | b'] | 'Sub'",
    "hopeless": "Unknown[1",
    "plain": "int",
}


def test_unions_that_this_python_cannot_write_are_understood_all_the_same() -> None:
    assert find_hints(OldStyle) == {
        "maybe": Sub | None,
        "quoted": Sub | None,
        "several": dict[str, Sub | Other | None],
        "literal": Literal["a | b"] | Sub,
        "hopeless": Any,
        "plain": int,
    }
