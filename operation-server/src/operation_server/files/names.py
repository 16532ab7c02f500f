"""Names of files."""

from __future__ import annotations

import re
from typing import Final

LONGEST_NAME: Final = 255
NAME_PATTERN: Final = r"^[^/\\\x00-\x1f\x7f]+$"


def is_file_name(name: str) -> bool:
    """Tell whether this is the name of a file, without a folder or anything that a terminal would obey."""
    return len(name) <= LONGEST_NAME and re.fullmatch(NAME_PATTERN, name) is not None
