"""A schema as a graph: its subschemas, what each refers to, and what each weighs by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin

from satellite.contracts.json_text import json_pointer
from satellite.schemas.faults import Fault
from satellite.schemas.keywords import ANNOTATIONS, KNOWN_DRAFTS, NAMED, PLACES, REFERENCES, Place, parts_of
from satellite.schemas.patterns import weigh

ANCHORS = ("$anchor", "$dynamicAnchor", "$recursiveAnchor")
UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


@dataclass(slots=True)
class Node:
    """A subschema: its place, its own weight, and the nodes that it applies to the same value or to parts."""

    pointer: str
    weight: int
    beside: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


class SchemaGraph:
    """All of a schema that is reached from its root; built in time linear in its size."""

    def __init__(self, root: dict[str, Any]) -> None:
        """Walk through `root`."""
        self.nodes: list[Node] = []
        self.faults: list[Fault] = []
        self.is_plain = True
        """Each reference is a path from the root, and nothing in it takes more than linear time by itself."""
        self._root = root
        self._id_keyword = "id" if "draft-04" in str(root.get("$schema")) else "$id"
        self._index_of: dict[int, int] = {}
        self._bases: list[str] = []
        self._ids = {""}
        self._outward: list[tuple[str, str]] = []
        self._todo: list[tuple[int, dict[str, Any]]] = []
        self._add(root, pointer="", base="")
        while self._todo:
            self._visit(*self._todo.pop())
        self.faults += [
            Fault(pointer, f"refers to {url!r}; only references inside the schema are allowed")
            for pointer, url in self._outward
            if url not in self._ids and url not in KNOWN_DRAFTS
        ]

    def _add(self, schema: dict[str, Any], *, pointer: str, base: str) -> int:
        """Return the number of a schema's node, made if it is met for the first time."""
        index = self._index_of.get(id(schema))
        if index is None:
            index = self._index_of[id(schema)] = len(self.nodes)
            self.nodes.append(Node(pointer, self._weight_of(schema)))
            self._bases.append(self._base_of(schema, base))
            self._todo.append((index, schema))
        return index

    def _visit(self, index: int, schema: dict[str, Any]) -> None:
        node, base = self.nodes[index], self._bases[index]
        self._check_draft(node, schema)
        for part in parts_of(schema):
            if isinstance(part.schema, dict):
                at = self._add(part.schema, pointer=node.pointer + json_pointer(part.path), base=base)
                if part.place is not Place.ASIDE:
                    (node.beside if part.place is Place.BESIDE else node.below).append(at)
        for keyword in REFERENCES:
            reference = schema.get(keyword)
            if isinstance(reference, str):
                self._follow(node, base, keyword, reference)
        if any(keyword in schema for keyword in (*ANCHORS, *UNEVALUATED, *REFERENCES[1:])):
            self.is_plain = False

    def _check_draft(self, node: Node, schema: dict[str, Any]) -> None:
        draft = schema.get("$schema")
        if isinstance(draft, str) and draft.removesuffix("#") not in KNOWN_DRAFTS:
            told = "is not a known draft; take 'https://json-schema.org/draft/2020-12/schema' or an older one"
            self.faults.append(Fault(f"{node.pointer}/$schema", f"{draft[:200]!r} {told}"))

    def _base_of(self, schema: dict[str, Any], base: str) -> str:
        declared = schema.get(self._id_keyword)
        if not isinstance(declared, str):
            return base
        if schema is not self._root:
            self.is_plain = False
        base = _joined(base, declared)
        self._ids.add(base)
        return base

    def _follow(self, node: Node, base: str, keyword: str, reference: str) -> None:
        """Lead a reference to its node, or note where it leads."""
        url, fragment = _joined(base, reference), reference.partition("#")[2]
        pointer = f"{node.pointer}/{keyword}"
        if url != self._bases[0] or (fragment and not fragment.startswith("/")):
            # Other resources and anchors are resolved by the library, which is offline.
            self.is_plain = False
            self._outward.append((pointer, url))
            return
        target = _at(self._root, unquote(fragment))
        if isinstance(target, dict):
            node.beside.append(self._add(target, pointer=unquote(fragment), base=base))
        elif not isinstance(target, bool):
            self.faults.append(Fault(pointer, f"refers to {reference[:200]!r}, where no schema is"))

    def _weight_of(self, schema: dict[str, Any]) -> int:
        weight = 1
        for keyword, value in schema.items():
            if keyword == "pattern" and isinstance(value, str):
                weight += self._pattern_weight(value)
            elif keyword in PLACES:
                weight += _count_names(value) if keyword in NAMED else _length(value)
                if keyword == "patternProperties" and isinstance(value, dict):
                    weight += sum(map(self._pattern_weight, value))
            elif keyword not in ANNOTATIONS:
                weight += _count_values(value)
        return weight

    def _pattern_weight(self, pattern: str) -> int:
        weight = weigh(pattern)
        if weight is None:
            self.is_plain = False
            return len(pattern)
        return weight


def _joined(base: str, reference: str) -> str:
    """Return the address of a reference, without its fragment."""
    url = reference.partition("#")[0]
    try:
        return urljoin(base, url) if url else base
    except ValueError:
        # One of them is no address, and so leads outside.
        return url


def _at(root: Any, pointer: str) -> Any:
    """Return what a JSON pointer leads to, or None."""
    value = root
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdecimal() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1


def _count_names(value: Any) -> int:
    """Count what holds schemas by name; old drafts have lists of names in the same place."""
    return sum(map(_length, value.values())) if isinstance(value, dict) else 1


def _count_values(value: Any) -> int:
    """Return how many JSON values a value holds, itself included."""
    count, level = 0, [value]
    while level:
        count += len(level)
        level = [
            child
            for held in level
            if isinstance(held, dict | list)
            for child in (held.values() if isinstance(held, dict) else held)
        ]
    return count
