"""How tables of pandas are written: column by column, and with both of their indexes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from codecs_of_python import Codec, Decode
from columns_of_pandas import decode_column, encode_column
from unfit import ValueUnfit


def find_codec(value: Any) -> Codec | None:
    """Return how a value is written, None if it cannot be."""
    if isinstance(value, pd.Index):
        return BY_NAME["index"]
    name = NAMES.get(type(value))
    return None if name is None else BY_NAME[name]


def _encode_frame(value: pd.DataFrame, encoder: Any) -> dict[str, Any]:
    places = range(value.shape[1])
    return {
        "index": _encode_index(value.index, encoder),
        "columns": _encode_index(value.columns, encoder),
        "content": [_of_column(value, place, encoder) for place in places],
    }


def _of_column(value: pd.DataFrame, place: int, encoder: Any) -> dict[str, Any]:
    try:
        return encode_column(value.iloc[:, place], encoder)
    except ValueUnfit as error:
        raise error.inside(value.columns[place]) from None


def _decode_frame(encoded: dict[str, Any], decode: Decode) -> pd.DataFrame:
    index = _decode_index(encoded["index"], decode)
    columns = [decode_column(each, decode) for each in encoded["content"]]
    # A dtype that is stated keeps pandas from looking for one that fits the values better.
    series = {place: pd.Series(data, index, dtype=data.dtype) for place, data in enumerate(columns)}
    frame = pd.DataFrame(series, index=index)
    frame.columns = _decode_index(encoded["columns"], decode)
    return frame


def _encode_series(value: pd.Series[Any], encoder: Any) -> dict[str, Any]:
    return {
        "index": _encode_index(value.index, encoder),
        "name": encoder.encode(value.name),
        "content": encode_column(value, encoder),
    }


def _decode_series(encoded: dict[str, Any], decode: Decode) -> pd.Series[Any]:
    data = decode_column(encoded["content"], decode)
    index = _decode_index(encoded["index"], decode)
    return pd.Series(data, index, dtype=data.dtype, name=decode(encoded["name"]))


def _encode_index(value: pd.Index, encoder: Any) -> dict[str, Any]:
    names = [encoder.encode(name) for name in value.names]
    if isinstance(value, pd.RangeIndex):
        return {"names": names, "range": [value.start, value.stop, value.step]}
    if isinstance(value, pd.MultiIndex):
        levels = [value.get_level_values(place) for place in range(value.nlevels)]
        return {"names": names, "levels": [encode_column(level, encoder) for level in levels]}
    told = {"names": names, "content": encode_column(value, encoder)}
    frequency = getattr(value, "freqstr", None)
    return told if frequency is None else {**told, "frequency": frequency}


def _decode_index(encoded: dict[str, Any], decode: Decode) -> pd.Index:
    names = [decode(name) for name in encoded["names"]]
    if "range" in encoded:
        return pd.RangeIndex(*encoded["range"], name=names[0])
    if "levels" in encoded:
        return pd.MultiIndex.from_arrays(
            [decode_column(each, decode) for each in encoded["levels"]], names=names
        )
    data = decode_column(encoded["content"], decode)
    index = pd.Index(data, dtype=data.dtype, name=names[0])
    if "frequency" in encoded:
        index.freq = encoded["frequency"]  # type: ignore[attr-defined]
    return index


def _encode_timestamp(value: pd.Timestamp, _: Any) -> list[Any]:
    moment = value.to_datetime64()
    return [moment.dtype.str, int(moment.astype("i8")), None if value.tz is None else str(value.tz)]


def _decode_timestamp(encoded: list[Any], _: Decode) -> pd.Timestamp:
    dtype, count, zone = encoded
    moment = pd.Timestamp(np.array([count], "i8").view(dtype)[0])
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


def _encode_timedelta(value: pd.Timedelta, _: Any) -> list[Any]:
    duration = value.to_timedelta64()
    return [duration.dtype.str, int(duration.astype("i8"))]


def _decode_timedelta(encoded: list[Any], _: Decode) -> pd.Timedelta:
    dtype, count = encoded
    return pd.Timedelta(np.array([count], "i8").view(dtype)[0])


NAMES = {
    pd.DataFrame: "dataframe",
    pd.Series: "series",
    pd.Timestamp: "timestamp",
    pd.Timedelta: "pandas-timedelta",
    type(pd.NaT): "nat",
    type(pd.NA): "na",
}
BY_NAME = {
    "dataframe": Codec("dataframe", _encode_frame, _decode_frame),
    "series": Codec("series", _encode_series, _decode_series),
    "index": Codec("index", _encode_index, _decode_index),
    "timestamp": Codec("timestamp", _encode_timestamp, _decode_timestamp),
    "pandas-timedelta": Codec("pandas-timedelta", _encode_timedelta, _decode_timedelta),
    "nat": Codec("nat", lambda _value, _encoder: None, lambda _encoded, _decode: pd.NaT),
    "na": Codec("na", lambda _value, _encoder: None, lambda _encoded, _decode: pd.NA),
}
