"""What paths about models are made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from satellite.contracts.model_version import ALIAS_PATTERN
from satellite.contracts.numbers import LARGEST_ID

Name = Annotated[str, Path(max_length=64, examples=["lstm_timeseries"])]
Version = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[3])]
Alias = Annotated[str, Path(max_length=63, pattern=ALIAS_PATTERN, examples=["champion"])]
