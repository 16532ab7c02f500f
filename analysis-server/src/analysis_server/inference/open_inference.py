"""The Open Inference Protocol, version 2, by HTTP and JSON; its errors are `{"error": …}`."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response

from analysis_server.inference import service
from analysis_server.inference.access import require_key
from analysis_server.inference.bodies import read_json
from analysis_server.inference.errors import ModelUnknown
from analysis_server.inference.served_model import ServedModel
from analysis_server.inference.servers import ModelServers
from analysis_server.inference.tensors import InferRequest, to_request, to_tensors

PLATFORM: Final = "onnxruntime_onnx"

router = APIRouter()
guarded = APIRouter(dependencies=[Depends(require_key)])


@router.get("/health/live")
async def live() -> dict[str, bool]:
    """Tell that the server is there; needs no key."""
    return {"live": True}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Tell whether all models that are to stay loaded are, by 503 where not; needs no key."""
    is_ready = request.app.state.servers.is_ready
    return _json({"ready": is_ready}, status=200 if is_ready else 503)


@guarded.get("")
async def server() -> dict[str, Any]:
    """Describe the server."""
    return {"name": "satellite", "version": "1", "extensions": []}


@guarded.get("/models/{name}")
@guarded.get("/models/{name}/versions/{version}")
async def model(request: Request, name: str, version: str | None = None) -> dict[str, Any]:
    """Describe a model: its tensors."""
    found = _find(request, name, version)
    return {
        "name": found.name,
        "versions": [found.version],
        "platform": PLATFORM,
        "inputs": found.signature["inputs"],
        "outputs": found.signature["outputs"],
    }


@guarded.get("/models/{name}/ready")
@guarded.get("/models/{name}/versions/{version}/ready")
async def model_ready(request: Request, name: str, version: str | None = None) -> Response:
    """Tell whether a model answers at once, by 503 where not; one that is asked is loaded all the same."""
    found = _find(request, name, version)
    is_ready = found.name in request.app.state.servers.loaded()
    return _json({"name": found.name, "ready": is_ready}, status=200 if is_ready else 503)


@guarded.post("/models/{name}/infer")
@guarded.post("/models/{name}/versions/{version}/infer")
async def infer(request: Request, name: str, version: str | None = None) -> Response:
    """Ask a model by tensors."""
    state = request.app.state
    found = _find(request, name, version)
    asked = await read_json(request, InferRequest, bytes_max=state.settings.max_body_bytes)
    answer = await service.ask(state.servers, found, to_request(asked, found.signature["inputs"]))
    told = {
        "model_name": found.name,
        "model_version": found.version,
        "outputs": to_tensors(orjson.loads(answer), asked.outputs),
    }
    return _json(told if asked.id is None else told | {"id": asked.id})


def _find(request: Request, name: str, version: str | None) -> ServedModel:
    servers: ModelServers = request.app.state.servers
    found = servers.get(name)
    if version not in {None, found.version}:
        raise ModelUnknown(f"There is no version {version!r} of {name}; there is {found.version}.")
    return found


def _json(body: dict[str, Any], *, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")
