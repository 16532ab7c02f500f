"""What a run may use in every runtime alike."""

from __future__ import annotations

from typing import Final

OPEN_FILES_LIMIT: Final = 1024
