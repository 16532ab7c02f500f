"""How arrays and numbers of NumPy are written: as their bytes, the numbers as plain ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from codecs_of_python import Codec, Decode, decode_bytes, encode_bytes
from unfit import ValueUnfit, refuse_type

AS_BYTES = "biufcmMSU"
"""Kinds of dtype whose bytes are all there is to them."""
OBJECTS = "O"


def find_codec(value: Any) -> Codec | None:
    """Return how a value is written, None if it cannot be."""
    if type(value) is np.ndarray:
        return BY_NAME["ndarray"]
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return BY_NAME["datetime64"]
    return Codec(None, _encode_scalar) if isinstance(value, np.generic) else None


def encode_array(value: np.ndarray[Any, Any], encoder: Any) -> dict[str, Any]:
    """Return dtype, shape and content of an array."""
    kind = value.dtype.kind
    if kind not in AS_BYTES + OBJECTS:
        raise ValueUnfit(f"an array of {value.dtype} cannot travel; push each of its fields by itself")
    # Before anything is copied.
    encoder.claim(value.size if kind == OBJECTS else value.nbytes)
    if kind == OBJECTS:
        content: Any = [encoder.encode_part(part, place) for place, part in enumerate(value.ravel())]
    else:
        content = encode_bytes(value.tobytes(), encoder)
    return {"dtype": value.dtype.str, "shape": list(value.shape), "content": content}


def decode_array(encoded: dict[str, Any], decode: Decode) -> np.ndarray[Any, Any]:
    """Return the array, which can be written."""
    dtype, shape, content = np.dtype(encoded["dtype"]), tuple(encoded["shape"]), encoded["content"]
    if dtype.kind != OBJECTS:
        return np.ndarray(shape, dtype, buffer=bytearray(decode_bytes(content)))
    array = np.empty(len(content), dtype=object)
    for place, part in enumerate(content):
        array[place] = decode(part)
    return array.reshape(shape)


def _encode_scalar(value: np.generic, encoder: Any) -> Any:
    plain = value.item()
    if not isinstance(plain, (bool, int, float, str, bytes)):
        raise refuse_type(value)
    return encoder.encode(plain)


def _encode_moment(value: np.generic, _: Any) -> list[Any]:
    return [value.dtype.str, int(value.astype("i8"))]


def _decode_moment(encoded: list[Any], _: Decode) -> Any:
    dtype, count = encoded
    return np.array([count], "i8").view(dtype)[0]


BY_NAME = {
    "ndarray": Codec("ndarray", encode_array, decode_array),
    "datetime64": Codec("datetime64", _encode_moment, _decode_moment),
}
