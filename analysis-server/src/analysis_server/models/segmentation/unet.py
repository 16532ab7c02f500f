"""A small U-Net in PyTorch, in which it is trained; it is served as ONNX."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch

WIDTHS: Final = (8, 16, 32, 64)
"""Channels of its levels from the finest to the coarsest; each has half the size of the one before."""


class UNet(torch.nn.Module):  # type: ignore[misc]
    """From images (batch, 3, height, width) to one logit for each pixel (batch, height, width).

    Height and width must be multiples of 8.
    """

    def __init__(self) -> None:
        """Begin with random weights."""
        super().__init__()
        self.first = _block(3, WIDTHS[0])
        self.down = torch.nn.ModuleList(_block(fine, coarse) for fine, coarse in pairwise(WIDTHS))
        self.up = torch.nn.ModuleList(_block(fine + coarse, fine) for fine, coarse in pairwise(WIDTHS))
        self.last = torch.nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        levels = [self.first(images)]
        for block in self.down:
            levels.append(block(torch.nn.functional.max_pool2d(levels[-1], 2)))
        below = levels.pop()
        for block in reversed(self.up):
            above = torch.nn.functional.interpolate(below, scale_factor=2.0, mode="nearest")
            below = block(torch.cat([levels.pop(), above], dim=1))
        logits: torch.Tensor = self.last(below)[:, 0]
        return logits


def _block(inputs: int, outputs: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Conv2d(inputs, outputs, 3, padding=1),
        torch.nn.BatchNorm2d(outputs),
        torch.nn.ReLU(),
        torch.nn.Conv2d(outputs, outputs, 3, padding=1),
        torch.nn.BatchNorm2d(outputs),
        torch.nn.ReLU(),
    )
