"""How a column or an index of pandas is written: by its dtype, of which there are more than NumPy has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from codecs_of_numpy import decode_array, encode_array
from codecs_of_python import Decode
from unfit import ValueUnfit

MASKED = {"i": pd.arrays.IntegerArray, "u": pd.arrays.IntegerArray, "f": pd.arrays.FloatingArray}
"""The arrays of pandas that know missing values beside numbers, by their kind."""


def encode_column(data: Any, encoder: Any) -> dict[str, Any]:
    """Return a series or an index, without its name, under the name of how it is written."""
    dtype = data.dtype
    if isinstance(dtype, np.dtype):
        return {"numpy": encode_array(np.asarray(data), encoder)}
    for kind, (name, encode, _) in EXTENSIONS.items():
        if isinstance(dtype, kind):
            return {name: encode(data.array, encoder)}
    raise ValueUnfit(f"a column of the type {dtype} cannot travel; turn it into numbers or texts")


def decode_column(encoded: dict[str, Any], decode: Decode) -> Any:
    """Return the array that it was."""
    ((name, content),) = encoded.items()
    if name == "numpy":
        return decode_array(content, decode)
    return next(read for known, _, read in EXTENSIONS.values() if known == name)(content, decode)


def _encode_categorical(data: Any, encoder: Any) -> dict[str, Any]:
    return {
        "categories": encode_column(data.categories, encoder),
        "codes": encode_array(np.asarray(data.codes), encoder),
        "ordered": bool(data.ordered),
    }


def _decode_categorical(encoded: dict[str, Any], decode: Decode) -> Any:
    categories = decode_column(encoded["categories"], decode)
    index = pd.Index(categories, dtype=categories.dtype)
    kind = pd.CategoricalDtype(index, ordered=encoded["ordered"])
    return pd.Categorical.from_codes(decode_array(encoded["codes"], decode), dtype=kind)


def _encode_zoned(data: Any, encoder: Any) -> dict[str, Any]:
    # Without its zone it is in UTC.
    return {
        "zone": str(data.dtype.tz),
        "content": encode_array(np.asarray(data, f"M8[{data.unit}]"), encoder),
    }


def _decode_zoned(encoded: dict[str, Any], decode: Decode) -> Any:
    moments = pd.Series(decode_array(encoded["content"], decode))
    return moments.dt.tz_localize("UTC").dt.tz_convert(encoded["zone"]).array


def _encode_texts(data: Any, encoder: Any) -> dict[str, Any]:
    known = np.asarray(data.isna())
    texts = [None if missing else encoder.encode(text) for missing, text in zip(known, data, strict=True)]
    return {"missing": "NA" if data.dtype.na_value is pd.NA else "NaN", "content": texts}


def _decode_texts(encoded: dict[str, Any], decode: Decode) -> Any:
    missing = pd.NA if encoded["missing"] == "NA" else np.nan
    texts = [missing if text is None else decode(text) for text in encoded["content"]]
    return pd.array(texts, dtype=pd.StringDtype(na_value=missing))


def _encode_masked(data: Any, encoder: Any) -> dict[str, Any]:
    kind = data.dtype.numpy_dtype
    return {
        "content": encode_array(data.to_numpy(dtype=kind, na_value=kind.type(0)), encoder),
        "missing": encode_array(np.asarray(data.isna()), encoder),
    }


def _decode_masked(encoded: dict[str, Any], decode: Decode) -> Any:
    content, missing = decode_array(encoded["content"], decode), decode_array(encoded["missing"], decode)
    return MASKED.get(content.dtype.kind, pd.arrays.BooleanArray)(content, missing)


MASKED_DTYPES = (
    pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype, pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype,
    pd.UInt64Dtype, pd.Float32Dtype, pd.Float64Dtype, pd.BooleanDtype,
)  # fmt: skip
EXTENSIONS: dict[type, tuple[str, Callable[[Any, Any], Any], Callable[[Any, Decode], Any]]] = {
    pd.CategoricalDtype: ("categorical", _encode_categorical, _decode_categorical),
    pd.DatetimeTZDtype: ("zoned", _encode_zoned, _decode_zoned),
    pd.StringDtype: ("texts", _encode_texts, _decode_texts),
    **dict.fromkeys(MASKED_DTYPES, ("masked", _encode_masked, _decode_masked)),
}
