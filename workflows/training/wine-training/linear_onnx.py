"""A linear classifier as a file of ONNX, written as protobuf has it: fields of numbers, texts and bytes."""

from __future__ import annotations

import struct

FLOAT = 1
OPSET = 17
FORMAT = 8


def linear_classifier(weights: list[list[float]], bias: list[float]) -> bytes:
    """Return a model whose output `y` has a probability for each class and row of its input `x`."""
    graph = (
        _part(1, _node("Gemm", ["x", "weights", "bias"], "scores"))
        + _part(1, _node("Softmax", ["scores"], "y"))
        + _text(2, "linear_classifier")
        + _part(5, _constant("weights", [len(weights), len(bias)], [each for row in weights for each in row]))
        + _part(5, _constant("bias", [len(bias)], bias))
        + _part(11, _table("x", len(weights)))
        + _part(12, _table("y", len(bias)))
    )
    return _number(1, FORMAT) + _part(7, graph) + _part(8, _number(2, OPSET))


def _node(operator: str, inputs: list[str], output: str) -> bytes:
    return b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)


def _constant(name: str, shape: list[int], values: list[float]) -> bytes:
    sizes = b"".join(_number(1, size) for size in shape)
    return sizes + _number(2, FLOAT) + _text(8, name) + _part(9, struct.pack(f"<{len(values)}f", *values))


def _table(name: str, columns: int) -> bytes:
    shape = _part(1, _text(2, "rows")) + _part(1, _number(1, columns))
    tensor = _number(1, FLOAT) + _part(2, shape)
    return _text(1, name) + _part(2, _part(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _part(field, value.encode())


def _part(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])
