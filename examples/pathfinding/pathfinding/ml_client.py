"""Asks the model where land is, and leaves it alone for a while when it does not answer."""

from __future__ import annotations

import base64
import io
import time
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pathfinding.settings import Settings

PASSING = frozenset({429, 500, 502, 503, 504})


class ModelAway(Exception):
    """Nobody tells where land is."""


class ImageRefused(Exception):
    """The model cannot read the image."""


@dataclass(frozen=True)
class Segmented:
    """Where land is (height, width), and what made that."""

    land: NDArray[np.bool_]
    made_by: str


class ModelClient:
    """Asks for the land of a map."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._http = httpx.AsyncClient(
            base_url=settings.ml_inference_url,
            headers={"X-API-Key": settings.api_key()},
            timeout=settings.ml_inference_timeout,
        )
        self._left_alone_until_s = 0.0

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def segment_map(self, image: bytes) -> Segmented:
        """Return where land is.

        Raises:
            ModelAway: the model does not answer, or did not a moment ago.
            ImageRefused: it cannot read the image.
        """
        if time.monotonic() < self._left_alone_until_s:
            raise ModelAway("it did not answer a moment ago")
        try:
            answer = await self._ask(image)
        except (httpx.TransportError, ModelAway) as error:
            self._left_alone_until_s = time.monotonic() + self._settings.ml_inference_pause
            raise ModelAway(str(error)) from error
        said = answer.json()
        with Image.open(io.BytesIO(base64.b64decode(said["mask"]))) as mask:
            return Segmented(np.asarray(mask.convert("L")) > 0, said["made_by"])

    async def _ask(self, image: bytes) -> httpx.Response:
        # Nothing is stored there, so asking again is harmless.
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._settings.ml_inference_retry),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            retry=retry_if_exception_type((httpx.TransportError, ModelAway)),
            reraise=True,
        )
        return await retrying(self._ask_once, image)

    async def _ask_once(self, image: bytes) -> httpx.Response:
        answer = await self._http.post(
            "/api/v1/segment", files={"image": image}, data={"polygons": "false", "overlay": "false"}
        )
        if answer.status_code in PASSING:
            raise ModelAway(f"it answers {answer.status_code}")
        if answer.status_code in {400, 413, 415}:
            raise ImageRefused(answer.json().get("detail", "the image is refused"))
        answer.raise_for_status()
        return answer
