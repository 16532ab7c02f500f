"""The server: a map comes in, a way over it goes out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import FastAPI, File, Form, HTTPException, Request, UploadFile

from pathfinding.drawing import draw_path
from pathfinding.earth import Bounds, length_km, parse_point
from pathfinding.ml_client import ImageRefused, ModelAway, ModelClient, Segmented
from pathfinding.ml_fallback import MADE_BY, segment_by_colour
from pathfinding.route import Cell, NoWay, find_path, nearest_free
from pathfinding.settings import Settings

IMAGE_BYTES_MAX = 10_000_000


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the client of the model while the server runs."""
    app.state.settings = Settings()
    app.state.model = ModelClient(app.state.settings)
    yield
    await app.state.model.aclose()


app = FastAPI(title="Pathfinding", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Tell that the server is there; it answers without the model too."""
    return {"status": "healthy"}


@app.post("/api/v1/maps/upload")
async def upload_map(  # noqa: PLR0917 - FastAPI reads forms from parameters
    request: Request,
    image: Annotated[UploadFile, File()],
    start: Annotated[str, Form(description="x,y in pixels")],
    goal: Annotated[str, Form(description="x,y in pixels")],
    over: Annotated[Literal["water", "land"], Form()] = "water",
    bounds: Annotated[str | None, Form(description="west,south,east,north in degrees")] = None,
) -> dict[str, Any]:
    """Return the shortest way from `start` to `goal` over water or land, and the map with it."""
    content = await image.read(IMAGE_BYTES_MAX + 1)
    if len(content) > IMAGE_BYTES_MAX:
        raise HTTPException(413, f"The image is larger than {IMAGE_BYTES_MAX} bytes.")
    ends = (_read("start", parse_point, start), _read("goal", parse_point, goal))
    edges = None if bounds is None else _read("bounds", Bounds.parse, bounds)
    try:
        segmented = await _segment(request.app, content)
        path, drawing = await asyncio.to_thread(_find_and_draw, content, segmented, ends, over)
    except (ImageRefused, NoWay) as error:
        raise HTTPException(400, str(error)) from error
    except ModelAway as error:
        raise HTTPException(503, f"The model is away: {error}.") from error
    shape = segmented.land.shape
    return {
        "made_by": segmented.made_by,
        "degraded": segmented.made_by == MADE_BY,
        "path": [[column, row] for row, column in path],
        "length_km": None if edges is None else round(length_km(path, edges, (shape[0], shape[1])), 1),
        "drawing": base64.b64encode(drawing).decode(),
    }


async def _segment(app: FastAPI, content: bytes) -> Segmented:
    try:
        segmented: Segmented = await app.state.model.segment_map(content)
    except ModelAway:
        if not app.state.settings.enable_ml_fallback:
            raise
        return await asyncio.to_thread(segment_by_colour, content)
    return segmented


def _find_and_draw(
    content: bytes, segmented: Segmented, ends: tuple[Cell, Cell], over: str
) -> tuple[list[Cell], bytes]:
    free = segmented.land if over == "land" else ~segmented.land
    start, goal = (nearest_free(free, end) for end in ends)
    path = find_path(free, start, goal)
    return path, draw_path(content, path)


def _read(name: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise HTTPException(400, f"{name}: {error}") from error
