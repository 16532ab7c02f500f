"""Settings of the direct lane, read once at process start and passed down."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Final

import psutil
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from satellite.contracts.numbers import LARGEST_MIB
from satellite.settings.group import SettingsGroup

PORT: Final = 8001
ALL: Final = "*"


class InferenceSettings(SettingsGroup):
    """Where the direct lane listens, who may ask, and what its models may take together."""

    model_config = SettingsConfigDict(
        env_prefix="SATELLITE_INFERENCE_", extra="ignore", populate_by_name=True
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=PORT, ge=1, le=65_535, description="Port to listen on.")
    api_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list,
        max_length=1_000,
        description="Keys that `X-API-Key` may show, one a line or with commas between; needed unless local.",
    )
    preload: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        max_length=100,
        description="Models to load at the start and keep loaded, such as `map_segmentation`; `*` for all.",
    )
    max_loaded: int = Field(
        default=8,
        ge=1,
        le=1_024,
        validation_alias=AliasChoices("MODEL_MAX_LOADED", "max_loaded"),
        description="Most models that stay loaded; the one unused for longest makes room.",
    )
    gpu_memory_fraction: float = Field(
        default=0.8,
        gt=0,
        le=1,
        validation_alias=AliasChoices("GPU_MEMORY_FRACTION", "gpu_memory_fraction"),
        description="Share of a card's memory that models of the direct lane get together.",
    )
    model_cpus: float = Field(default=1, ge=0.01, le=4_096, description="Processors of each model.")
    model_gpus: float = Field(default=0, ge=0, le=64, description="Cards of each model, or the share of one.")
    model_gpu_memory_mib: int = Field(
        default=0,
        ge=0,
        le=LARGEST_MIB,
        description="Memory of each model on its card: as many as fit are packed on one.",
    )
    model_memory_mib: int = Field(default=1_024, ge=64, le=LARGEST_MIB, description="Memory of each model.")
    cpus: float = Field(
        default_factory=lambda: float(os.cpu_count() or 1), ge=0.01, le=4_096, description="CPUs to give."
    )
    memory_mib: int = Field(
        default_factory=lambda: int(psutil.virtual_memory().total * 0.8 / 1024**2),
        ge=64,
        le=LARGEST_MIB,
        description="Memory to give; by default 80 % of the machine's.",
    )
    timeout_s: float = Field(default=30, ge=0.01, le=86_400, description="Time that an answer may take.")
    ready_timeout_s: float = Field(default=120, ge=0.01, le=86_400, description="Time to load a model.")
    waiting_max: int = Field(
        default=1_024, ge=1, le=100_000, description="Most requests at a time; beyond, 503."
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, le=2**30, description="Largest JSON body.")
    max_image_bytes: int = Field(default=16 * 2**20, ge=1_000, le=2**30, description="Largest image.")
    state_dir: Path = Field(
        default=Path(tempfile.gettempdir()) / "satellite-inference",
        description="Folder for the code and the run folders of models.",
    )
    stack_id: str = Field(
        default="local",
        validation_alias=AliasChoices("SATELLITE_STACK_ID", "stack_id"),
        description="Id of the installation.",
    )

    @field_validator("api_keys", "preload", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return given.replace(",", " ").split() if isinstance(given, str) else given

    @field_validator("state_dir")
    @classmethod
    def _from_here(cls, folder: Path) -> Path:
        return folder.absolute()
