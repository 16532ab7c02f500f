"""Asks models what callers want, and writes their answers without reading them again."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import orjson

from analysis_server.inference.errors import InputInvalid
from analysis_server.inference.problems import problem_of
from analysis_server.inference.schemas import ModelInfo, PredictRequest
from analysis_server.inference.served_model import ServedModel
from analysis_server.inference.servers import ModelServers
from satellite.errors import SatelliteError
from satellite.schemas.faults import Fault


async def predict(servers: ModelServers, asked: PredictRequest) -> bytes:
    """Return the answer to a request as JSON; of several, each fails by itself.

    Raises:
        ModelUnknown: there is no such model.
        InputInvalid: the request does not fit it.
    """
    model = servers.get(asked.model_name)
    if asked.items is None:
        answer = await ask(servers, model, asked.as_request())
        return _named(model, b'"result":' + answer)
    places = enumerate(asked.items)
    answers = await asyncio.gather(
        *(_tried(servers, model, item.as_request(), f"/items/{place}") for place, item in places)
    )
    return _named(model, b'"items":[' + b",".join(answers) + b"]")


async def segment(servers: ModelServers, name: str, image: bytes, config: dict[str, bool]) -> bytes:
    """Return where land is on a map, as JSON.

    Raises:
        ModelUnknown: there is no such model.
        InputInvalid: it cannot read the image.
    """
    model = servers.get(name)
    request = b'{"data":{"image":"%b"},"config":%b}' % (base64.b64encode(image), orjson.dumps(config))
    try:
        answer = await servers.ask(model, request)
    except InputInvalid as error:
        # There is no JSON here that a pointer could lead into.
        raise InputInvalid([Fault("/image", each.message) for each in error.violations]) from None
    return _named(model, b'"degraded":false,' + answer.strip()[1:-1])


async def ask(servers: ModelServers, model: ServedModel, request: dict[str, Any]) -> bytes:
    """Return the answer to a request, once it fits what the model says of itself."""
    model.check(request)
    return await servers.ask(model, orjson.dumps(request))


def describe(servers: ModelServers, model: ServedModel) -> ModelInfo:
    """Tell what a model is."""
    source = model.source
    return ModelInfo(
        name=model.name,
        version=model.version,
        description=source.description,
        loaded=model.name in servers.loaded(),
        metrics=source.metrics(),
        **model.signature,
    )


async def _tried(servers: ModelServers, model: ServedModel, request: dict[str, Any], at: str) -> bytes:
    try:
        return b'{"result":' + await ask(servers, model, request) + b"}"
    except InputInvalid as error:
        moved = InputInvalid([Fault(at + each.pointer, each.message) for each in error.violations])
        return orjson.dumps({"error": problem_of(moved)})
    except SatelliteError as error:
        return orjson.dumps({"error": problem_of(error)})


def _named(model: ServedModel, rest: bytes) -> bytes:
    names = {
        "model_name": model.name,
        "model_version": model.version,
        "made_by": f"{model.name}@{model.version}",
    }
    return orjson.dumps(names)[:-1] + b"," + rest + b"}"
