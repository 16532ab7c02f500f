"""What is wrong with a schema, or with a value by its schema."""

from __future__ import annotations

from typing import NamedTuple

from satellite.errors import SatelliteError
from satellite.schemas.limits import CPU_S, MEMORY_MIB


class Fault(NamedTuple):
    """One thing that is wrong: where (a JSON pointer) and what."""

    pointer: str
    message: str


class SchemaTooComplex(SatelliteError):
    """Checking by the schema needs more time or memory than there is for one check."""

    code = "schema_too_complex"

    def __init__(self) -> None:
        super().__init__(f"needs more than {CPU_S} s of CPU time or {MEMORY_MIB} MiB")
