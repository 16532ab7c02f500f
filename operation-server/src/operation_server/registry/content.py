"""What files of versions are by their bytes: data that is read, and never a program that is run.

A pickle is a program: whoever loads one runs what its author wrote. So what a file says of itself counts, not
its name alone, and what is none of the three kinds is refused, whatever else it is.
"""

from __future__ import annotations

import re
from typing import Final

HEAD_BYTES: Final = 512
_PICKLE: Final = re.compile(rb"\x80[\x02-\x05]|PK\x03\x04|\(dp|\(lp|c[a-z_.]+\n")
"""Of protocol 2 and later, inside the archives that PyTorch writes, and of older protocols."""
_ONNX: Final = re.compile(rb"\x08[\x01-\x7f](\x12|\x1a|\x22|\x28|\x32|\x3a|\x42|\x72|\xa2|\xaa|\xba|\xca)")
"""A protocol buffer: the version of the format, then one of the other fields of a model."""
_SAFETENSORS: Final = re.compile(rb"[\x00-\xff]{5}\x00\x00\x00\{", re.DOTALL)
"""The length of a header, of less than a terabyte, and the header, which is JSON."""
_JSON: Final = re.compile(rb"\s*[\[{\"0-9tfn-]")
_KINDS: Final = {"onnx": _ONNX, "safetensors": _SAFETENSORS, "json": _JSON}
PICKLE_REFUSED: Final = (
    "is a pickle, or an archive that may hold one: to load it runs whatever its author put in, so none is "
    "taken. Export the model as ONNX, or its weights as safetensors"
)


def content_fault(role: str, head: bytes) -> str | None:
    """Return what is wrong with a file of a role that begins so, or None."""
    if _PICKLE.match(head):
        return PICKLE_REFUSED
    kind = role.rpartition(".")[2]
    if _KINDS[kind].match(head):
        return None
    return f"is no {kind} file by its content; only ONNX, safetensors and JSON are taken"
