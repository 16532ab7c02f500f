"""What the environment says."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Where the model is, and how long to wait for it."""

    ml_inference_url: str = "http://127.0.0.1:8001"
    ml_inference_api_key: SecretStr | None = None
    ml_inference_api_key_file: Path | None = Field(
        default=None, description="Read where there is no key; `satellite up` keeps one in its home."
    )
    ml_inference_timeout: float = Field(default=30, gt=0, description="Seconds for one answer.")
    ml_inference_retry: int = Field(default=3, ge=1, description="How often it is asked in all.")
    ml_inference_pause: float = Field(
        default=5, ge=0, description="Seconds in which one that failed is left alone."
    )
    enable_ml_fallback: bool = True

    def api_key(self) -> str:
        """Return the key; an empty one where there is none."""
        if self.ml_inference_api_key is not None:
            return self.ml_inference_api_key.get_secret_value()
        file = self.ml_inference_api_key_file
        return file.read_text().strip() if file is not None and file.is_file() else ""
