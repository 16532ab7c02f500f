"""`map_segmentation`: which pixels of a map are land."""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from analysis_server.core.model_registry import model_registry
from analysis_server.models.onnx_model import OnnxModel
from analysis_server.models.segmentation.outlines import find_outlines

FILES: Final = Path(__file__).with_name("map_segmentation_files")
FORMATS: Final = ("PNG", "JPEG", "WEBP")
SIDE_MAX: Final = 2048
MULTIPLE: Final = 8
"""What the network halves three times."""
LAND_COLOUR: Final = (214, 69, 65)
EXTRAS: Final = ("polygons", "overlay")


class Segmented(NamedTuple):
    """The colours of a map (height, width, 3), and where land is on it (height, width)."""

    colours: NDArray[np.uint8]
    land: NDArray[np.bool_]


@model_registry.register("map_segmentation")
class MapSegmentation(OnnxModel):
    """Tells land from water on maps that look like photographs from above.

    A request brings `image`, a PNG, JPEG or WebP in base64. The answer has `mask`, a PNG of the same size in
    base64, white where land is, and `land_share`.

    `config` may ask for more: `polygons`, the outlines of the land as rings of [x, y] in pixels, each with
    `hole`, which is true where water is inside, beside `width` and `height`; and `overlay`, a JPEG in base64
    of the map with its land coloured.
    """

    FILES = FILES

    def preprocess(self, data: Any, config: dict[str, Any]) -> NDArray[np.uint8]:
        """Return the colours of the image; a ValueError says what is wrong with it."""
        for extra in EXTRAS:
            if not isinstance(config.get(extra, False), bool):
                raise ValueError(f"/config/{extra} must be true or false")  # noqa: TRY004 - refused input.
        text = data.get("image") if isinstance(data, dict) else None
        if not isinstance(text, str):
            raise ValueError("/data/image must be an image in base64")  # noqa: TRY004 - refused input.
        try:
            return read_image(base64.b64decode(text, validate=True))
        except binascii.Error:
            raise ValueError("/data/image is not base64") from None

    def predict(self, data: NDArray[np.uint8]) -> Segmented:
        """Return where land is."""
        height, width = data.shape[:2]
        padding = [(0, -length % MULTIPLE) for length in (height, width)]
        padded = np.pad(data, [*padding, (0, 0)], mode="edge")
        said = self.engine.run({"images": to_network(padded)[None]})
        return Segmented(data, said["logits"][0, :height, :width] > 0)

    def postprocess(self, predictions: Segmented, config: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, with what `config` asks for besides."""
        colours, land = predictions
        answer: dict[str, Any] = {
            "mask": _encoded(Image.fromarray(land.astype(np.uint8) * 255), "PNG"),
            "land_share": round(float(land.mean()), 4),
        }
        if config.get("polygons"):
            answer["height"], answer["width"] = land.shape
            answer["polygons"] = [outline._asdict() for outline in find_outlines(land)]
        if config.get("overlay"):
            answer["overlay"] = _encoded(overlay(colours, land), "JPEG")
        return answer


def overlay(colours: NDArray[np.uint8], land: NDArray[np.bool_]) -> Image.Image:
    """Return a map with its land half covered by a colour."""
    covered = (colours >> 1) + np.asarray([part >> 1 for part in LAND_COLOUR], dtype=np.uint8)
    return Image.fromarray(np.where(land[..., None], covered, colours))


def _encoded(image: Image.Image, form: str) -> str:
    file = io.BytesIO()
    image.save(file, form)
    return base64.b64encode(file.getvalue()).decode()


def read_image(content: bytes) -> NDArray[np.uint8]:
    """Return the colours (height, width, 3) of an image; a ValueError says why it is refused."""
    try:
        # Reads the head alone; what it holds is not unpacked before its size is known.
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if max(image.size) > SIDE_MAX:
                raise ValueError(f"the image is {image.width} x {image.height}, at most {SIDE_MAX} are taken")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise ValueError(f"the image cannot be read, it must be one of {', '.join(FORMATS)}") from error


def to_network(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return colours (height, width, 3) as the network wants them: (3, height, width), around 0."""
    network = np.ascontiguousarray(colours.transpose(2, 0, 1), dtype=np.float32)
    # In place: memory that is asked for and let go each time costs more than the sums.
    network /= 127.5
    network -= 1
    return network
