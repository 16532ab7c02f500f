"""What models have in common that are one file of ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from analysis_server.models.base_model import BaseModel
from analysis_server.models.engines.onnx import OnnxEngine

MODEL_FILE: Final = "model.onnx"


class OnnxModel(BaseModel):
    """A model whose version has a file of ONNX; a class names the files of the version that comes with it."""

    FILES: ClassVar[Path]

    def __init__(self, files: Path | None = None) -> None:
        """Take the files of a version, the class's own otherwise."""
        files = files or self.FILES
        super().__init__(files)
        self._file = files / MODEL_FILE

    def load(self) -> None:
        """Load the file."""
        self.engine = OnnxEngine(self._file)
