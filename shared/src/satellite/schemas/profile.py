"""Measures a schema before anything compiles it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from satellite.schemas.faults import Fault
from satellite.schemas.graph import Node, SchemaGraph
from satellite.schemas.limits import MOST_SIZE, SMALL_SIZE

_LOOP = "refers back to itself before any part of the value is taken, and so says nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaProfile:
    """What is wrong with a schema, its size (see `limits`), and whether a server may handle it by itself."""

    faults: tuple[Fault, ...]
    size: int
    is_small: bool


def measure(schema: dict[str, Any]) -> SchemaProfile:
    """Return the profile of a schema, in time linear in its length; opens nothing."""
    graph = SchemaGraph(schema)
    faults = list(graph.faults)
    looping, _ = _expanded(graph.nodes, lambda node: node.beside)
    if looping is not None:
        faults.append(Fault(graph.nodes[looping].pointer, _LOOP))
    recursive, size = _expanded(graph.nodes, lambda node: node.beside + node.below)
    if size > MOST_SIZE:
        faults.append(
            Fault("", f"amounts to more than {MOST_SIZE:,} values once its references are followed")
        )
    # What nothing refers to is read all the same.
    written = sum(node.weight for node in graph.nodes)
    return SchemaProfile(
        faults=tuple(faults),
        size=size,
        is_small=graph.is_plain and recursive is None and max(size, written) <= SMALL_SIZE,
    )


def _expanded(nodes: list[Node], children_of: Callable[[Node], list[int]]) -> tuple[int | None, int]:
    """Return a node that leads back to itself, if any, and the root's expanded size, cut at such nodes.

    Every node is entered once; a size beyond the limit stays there, so that no number grows without bound.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    repeated: int | None = None
    for start in range(len(nodes)):
        stack = [start]
        while stack:
            index = stack[-1]
            if index in sizes:
                stack.pop()
            elif index in open_nodes:
                stack.pop()
                open_nodes.discard(index)
                below = sum(sizes.get(child, 0) for child in children_of(nodes[index]))
                sizes[index] = min(nodes[index].weight + below, MOST_SIZE + 1)
            else:
                open_nodes.add(index)
                for child in children_of(nodes[index]):
                    if child in open_nodes:
                        repeated = child
                    elif child not in sizes:
                        stack.append(child)
    return repeated, sizes[0]
