"""Trains `map_segmentation`: `python -m analysis_server.models.segmentation.train --output FOLDER`.

Writes `model.onnx`, `golden.json` and `metrics.json` there. Without arguments it is a plugin.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from analysis_server.models.segmentation.map_segmentation import MapSegmentation, to_network
from analysis_server.models.segmentation.unet import UNet
from analysis_server.models.segmentation.world import HELD_OUT, World, read_world
from analysis_server.models.training.arguments import TrainingArguments
from analysis_server.models.training.export import write_version
from analysis_server.models.training.running import run_training
from analysis_server.models.training.steps import train

TILE = 256
GOLDEN_TILE = 64


def make(wanted: TrainingArguments) -> dict[str, float]:
    """Train, measure, and write a version; return its metrics."""
    torch.manual_seed(13)
    world = read_world()
    seen = [world.part(west=-180, east=HELD_OUT[0]), world.part(west=HELD_OUT[1], east=180)]
    draw = np.random.default_rng(13)
    network = UNet()
    train(
        network,
        lambda: sample(seen, wanted.batch_size, draw),
        loss=torch.nn.functional.binary_cross_entropy_with_logits,
        steps=wanted.steps,
        learning_rate=3e-3,
        checkpoint=wanted.checkpoint,
    )
    held_out = world.part(west=HELD_OUT[0], east=HELD_OUT[1])
    return write_version(
        wanted.output,
        network,
        example=torch.zeros(1, 3, TILE, TILE),
        inputs={"images": {0: "batch", 2: "height", 3: "width"}},
        outputs={"logits": {0: "batch", 1: "height", 2: "width"}},
        model=MapSegmentation,
        golden=[_request(tile.colours) for tile in tiles(held_out, GOLDEN_TILE)[40::50]],
        measure=lambda model: measure(model, held_out),
    )


def sample(parts: list[World], count: int, draw: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random tiles, some mirrored and darkened, and where on them land is."""
    widths = np.array([part.land.shape[1] for part in parts])
    images, masks = [], []
    for _ in range(count):
        part = parts[draw.choice(len(parts), p=widths / widths.sum())]
        top, left = (int(draw.integers(length - TILE)) for length in part.land.shape)
        area = (slice(top, top + TILE), slice(left, left + TILE))
        step = int(draw.choice([-1, 1]))
        light = draw.uniform(0.8, 1.2)
        colours = np.clip(part.colours[area][:, ::step] * light, 0, 255).astype(np.uint8)
        images.append(to_network(colours))
        masks.append(part.land[area][:, ::step].astype(np.float32))
    return torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(masks))


def tiles(world: World, side: int) -> list[World]:
    """Return a part of the world in tiles; what is left at its edges is left out."""
    rows, columns = (range(0, length - side + 1, side) for length in world.land.shape)
    areas = [(slice(row, row + side), slice(column, column + side)) for row in rows for column in columns]
    return [World(world.colours[area], world.land[area]) for area in areas]


def measure(model: MapSegmentation, world: World) -> dict[str, float]:
    """Return how well land and water are found: intersection over union, over all tiles."""
    pairs = [(model.predict(tile.colours).land, tile.land) for tile in tiles(world, TILE)]
    found, wanted = (np.stack(each) for each in zip(*pairs, strict=True))
    return {"iou_land": _iou(found, wanted), "iou_water": _iou(~found, ~wanted)}


def _iou(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    return round(float((found & wanted).sum() / (found | wanted).sum()), 4)


def _request(colours: NDArray[np.uint8]) -> dict[str, Any]:
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return {"data": {"image": base64.b64encode(file.getvalue()).decode()}}


if __name__ == "__main__":
    run_training(make, __doc__, steps=400, batch_size=8)
