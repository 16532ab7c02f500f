"""The routes that users of the direct lane know."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from analysis_server.inference import service
from analysis_server.inference.access import require_key
from analysis_server.inference.bodies import read_image, read_json
from analysis_server.inference.errors import InputInvalid
from analysis_server.inference.schemas import (
    Health,
    ModelInfos,
    Predicted,
    PredictedItems,
    PredictRequest,
    Segmented,
)
from analysis_server.inference.servers import ModelServers
from satellite.schemas.faults import Fault

SEGMENTATION: Final = "map_segmentation"
TRUTHS: Final = {"true": True, "false": False}

router = APIRouter()
guarded = APIRouter(dependencies=[Depends(require_key)])


def _body(schema: dict[str, Any], media_type: str) -> dict[str, Any]:
    """Describe a body that a route reads by itself."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


@guarded.post(
    "/predict",
    response_model=Predicted | PredictedItems,
    openapi_extra=_body(
        {
            "type": "object",
            "required": ["model_name"],
            "properties": {
                "model_name": {"type": "string"},
                "data": {},
                "config": {"type": "object"},
                "items": {"type": "array", "items": {"type": "object", "required": ["data"]}},
            },
        },
        "application/json",
    ),
)
async def predict(request: Request) -> Response:
    """Ask a model: `data` and `config` for one answer, `items` of these for several."""
    state = request.app.state
    asked = await read_json(request, PredictRequest, bytes_max=state.settings.max_body_bytes)
    return _json(await service.predict(state.servers, asked))


@guarded.post(
    "/segment",
    response_model=Segmented,
    openapi_extra=_body(
        {
            "type": "object",
            "required": ["image"],
            "properties": {
                "image": {"type": "string", "format": "binary"},
                "model_name": {"type": "string", "default": SEGMENTATION},
                "polygons": {"type": "boolean", "default": True},
                "overlay": {"type": "boolean", "default": True},
            },
        },
        "multipart/form-data",
    ),
)
async def segment(request: Request) -> Response:
    """Tell land from water on a map, a PNG, JPEG or WebP, with its outlines and a drawing unless unwanted."""
    state = request.app.state
    image, fields = await read_image(request, bytes_max=state.settings.max_image_bytes)
    config = {name: _truth(fields, name) for name in ("polygons", "overlay")}
    name = fields.get("model_name", SEGMENTATION)
    return _json(await service.segment(state.servers, name, image, config))


@router.get("/health")
async def health(request: Request) -> Health:
    """Tell that the server is there, and which models answer at once; needs no key."""
    servers: ModelServers = request.app.state.servers
    loaded = sorted(servers.loaded())
    return Health(
        status="healthy", model_loaded=bool(loaded), gpu_available=servers.has_cards, models_loaded=loaded
    )


@guarded.get("/model/info")
async def model_info(request: Request, model_name: Annotated[str | None, Query()] = None) -> ModelInfos:
    """Describe one model, or all."""
    servers: ModelServers = request.app.state.servers
    models = [servers.get(model_name)] if model_name else list(servers.models.values())
    return ModelInfos(total=len(models), items=[service.describe(servers, model) for model in models])


def _truth(fields: dict[str, str], name: str) -> bool:
    told = fields.get(name, "true").lower()
    if told not in TRUTHS:
        raise InputInvalid([Fault(f"/{name}", "must be true or false")])
    return TRUTHS[told]


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
