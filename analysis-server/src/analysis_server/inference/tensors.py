"""Tensors of the Open Inference Protocol, version 2, and the JSON that models take and give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from analysis_server.inference.errors import InputInvalid
from satellite.schemas.faults import Fault

ANY: Final = -1
WHOLE: Final = "data"
"""The input of a model whose `data` is one tensor; others have one entry for each of their inputs."""


class Tensor(BaseModel):
    """A tensor: its data flat or nested, row by row."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=100)
    shape: list[int] = Field(max_length=16)
    datatype: str = Field(max_length=16)
    parameters: dict[str, Any] | None = None
    data: list[Any]


class RequestedOutput(BaseModel):
    """An output that is wanted."""

    model_config = ConfigDict(extra="forbid")

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(BaseModel):
    """A request; `parameters` are what models know as `config`."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(default=None, max_length=200)
    parameters: dict[str, Any] | None = None
    inputs: list[Tensor] = Field(min_length=1, max_length=64)
    outputs: list[RequestedOutput] | None = None


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _number(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)


FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "BOOL": lambda value: isinstance(value, bool),
    "BYTES": lambda value: isinstance(value, str),
    "FP16": _number,
    "FP32": _number,
    "FP64": _number,
    **{f"UINT{bits}": _whole(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": _whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
"""What values of each datatype are."""


def to_request(asked: InferRequest, wanted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a model is asked by tensors, of which it says that it takes `wanted`.

    Raises:
        InputInvalid: one is missing, unknown, or not as it should be.
    """
    faults = [*_name_faults(asked.inputs, wanted)]
    specs = {spec["name"]: spec for spec in wanted}
    values = {}
    for place, tensor in enumerate(asked.inputs):
        found = list(_tensor_faults(tensor, specs.get(tensor.name), f"/inputs/{place}"))
        faults += found
        if not found:
            values[tensor.name] = _value(tensor)
    if faults:
        raise InputInvalid(faults)
    data = values[WHOLE] if list(values) == [WHOLE] else values
    return {"data": data} | ({"config": asked.parameters} if asked.parameters else {})


def to_tensors(answer: Any, wanted: Sequence[RequestedOutput] | None) -> list[dict[str, Any]]:
    """Return an answer as tensors, those that are wanted or all.

    Raises:
        InputInvalid: the model gives nothing of a name.
    """
    values = answer if isinstance(answer, dict) else {"output": answer}
    names = list(values) if wanted is None else [each.name for each in wanted]
    unknown = [Fault(f"/outputs/{at}/name", "is none of its outputs") for at, name in enumerate(names)
               if name not in values]  # fmt: skip
    if unknown:
        raise InputInvalid(unknown)
    return [_tensor(name, values[name]) for name in names]


def _name_faults(given: Sequence[Tensor], wanted: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    names = [tensor.name for tensor in given]
    known = {spec["name"] for spec in wanted}
    for place, name in enumerate(names):
        if (known and name not in known) or name in names[:place]:
            yield Fault(f"/inputs/{place}/name", f"the model takes {', '.join(sorted(known))}, each once")
    for missing in sorted(known - set(names)):
        yield Fault("/inputs", f"{missing} is missing")


def _tensor_faults(tensor: Tensor, spec: Mapping[str, Any] | None, at: str) -> Iterable[Fault]:
    if tensor.datatype not in FITS or (spec is not None and tensor.datatype != spec["datatype"]):
        yield Fault(f"{at}/datatype", f"must be {spec['datatype'] if spec else 'one of ' + ', '.join(FITS)}")
        return
    shape = tensor.shape
    fits = spec is None or (
        len(shape) == len(spec["shape"])
        and all(length in {ANY, given} for length, given in zip(spec["shape"], shape, strict=True))
    )
    if not fits or any(length < 0 for length in shape):
        yield Fault(f"{at}/shape", f"must be {spec['shape'] if spec else 'of no negative lengths'}")
        return
    flat = _flat(tensor.data)
    if len(flat) != math.prod(shape):
        yield Fault(f"{at}/data", f"has {len(flat)} values, and its shape {shape} holds {math.prod(shape)}")
        return
    fit = FITS[tensor.datatype]
    for place, value in enumerate(flat):
        if not fit(value):
            yield Fault(f"{at}/data/{place}", f"is not of {tensor.datatype}")
            return


def _flat(data: list[Any]) -> list[Any]:
    # Level by level, so that no depth of nesting hurts.
    while any(isinstance(part, list) for part in data):
        data = [each for part in data for each in (part if isinstance(part, list) else [part])]
    return data


def _value(tensor: Tensor) -> Any:
    """Return the data nested as its shape says; text of one entry by itself."""
    flat = _flat(tensor.data)
    if tensor.datatype == "BYTES" and tensor.shape == [1]:
        return flat[0]
    for length in reversed(tensor.shape[1:]):
        flat = [flat[start : start + length] for start in range(0, len(flat), length)] if length else []
    return flat


def _tensor(name: str, value: Any) -> dict[str, Any]:
    shape, part = [], value
    while isinstance(part, list):
        shape.append(len(part))
        part = part[0] if part else None
    flat = _flat(value) if isinstance(value, list) else [value]
    kinds = {type(each) for each in flat}
    if kinds <= {bool}:
        datatype = "BOOL"
    elif kinds <= {int}:
        datatype = "INT64"
    elif kinds <= {int, float}:
        datatype = "FP64"
    else:
        datatype = "BYTES"
        flat = [each if isinstance(each, str) else str(each) for each in flat]
    return {"name": name, "shape": shape or [1], "datatype": datatype, "data": flat}
