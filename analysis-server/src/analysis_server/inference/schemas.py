"""What the routes of the direct lane take and give."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ITEMS_MAX = 1_024

ModelName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Item(BaseModel):
    """One request to a model, as its jobs have it."""

    model_config = ConfigDict(extra="forbid")

    data: Any = Field(description="What the model takes; see its `input_schema`.")
    config: dict[str, Any] | None = None

    def as_request(self) -> dict[str, Any]:
        """Return what the model is asked."""
        return {"data": self.data} | ({} if self.config is None else {"config": self.config})


class PredictRequest(BaseModel):
    """One request to a model, or several, each of which is answered by itself."""

    # `model_name` is what users call it, and pydantic keeps `model_` for itself otherwise.
    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_name: ModelName
    data: Any = None
    config: dict[str, Any] | None = None
    items: list[Item] | None = Field(default=None, min_length=1, max_length=ITEMS_MAX)

    @model_validator(mode="after")
    def _either(self) -> PredictRequest:
        if ("data" in self.model_fields_set) == (self.items is not None):
            raise ValueError("needs either data or items")
        return self

    def as_request(self) -> dict[str, Any]:
        """Return what the model is asked, where it is one request."""
        return {"data": self.data} | ({} if self.config is None else {"config": self.config})


class Named(BaseModel):
    """Which model has answered."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    made_by: str = Field(examples=["map_segmentation@3f2a9c1b7d40"])


class Predicted(Named):
    """The answer to one request."""

    result: Any


class PredictedItem(BaseModel):
    """The answer to one of several, or the problem document of what is wrong with it."""

    result: Any = None
    error: dict[str, Any] | None = None


class PredictedItems(Named):
    """The answers to several, in their order."""

    items: list[PredictedItem]


class Outline(BaseModel):
    """A closed ring of corners [x, y] in pixels; `hole`: there is water inside."""

    points: list[tuple[int, int]]
    hole: bool


class Segmented(Named):
    """Where land is on a map."""

    degraded: bool = Field(description="Always false here; a client that falls back says true.")
    mask: str = Field(description="PNG in base64, white where land is.")
    land_share: float
    width: int | None = None
    height: int | None = None
    polygons: list[Outline] | None = None
    overlay: str | None = Field(default=None, description="JPEG in base64: the map, its land coloured.")


class Health(BaseModel):
    """Whether the server is there, and what it has loaded."""

    model_config = ConfigDict(protected_namespaces=())

    status: str
    model_loaded: bool
    gpu_available: bool
    models_loaded: list[str]


class ModelInfo(BaseModel):
    """A model: what it takes and gives, and how good it is."""

    name: str
    version: str
    description: str
    loaded: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    metrics: dict[str, float]


class ModelInfos(BaseModel):
    """Models."""

    total: int
    items: list[ModelInfo]
