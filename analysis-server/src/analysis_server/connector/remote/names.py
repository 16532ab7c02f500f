"""Which names are safe: everything that becomes a path, an argument or a variable is looked at here first."""

import re
from typing import Any, Dict, List, Optional

from analysis_server.connector.remote.errors import BadRequest

FOLDER_PATTERN = re.compile(r"[0-9]{1,19}-[0-9]{1,9}-[0-9a-f]{8}")
VARIABLE_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
SEGMENT_PATTERN = re.compile(r"[^/\x00-\x1f\x7f]{1,255}")
REF_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@-]{0,254}")
WORD_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:,=@+\[\]/-]{0,127}")
PATH_CHARS_MAX = 4096
OURS = frozenset(
    [
        "JOB_ID",
        "OUTPUT_DIR",
        "LOG_DIR",
        "DATA_DIR",
        "MODELS_DIR",
        "CHECKPOINT_DIR",
        "CUDA_VISIBLE_DEVICES",
        "VIRTUAL_ENV",
    ]
)


def folder_name(value: Any) -> str:
    """Return the name of a job's folder: number, attempt and eight digits of the uid."""
    if not isinstance(value, str) or not FOLDER_PATTERN.fullmatch(value):
        raise BadRequest(f"A job's folder is named {{job_id}}-{{attempt}}-{{uid8}}, not {shown(value)}.")
    return value


def variable_name(value: Any) -> str:
    """Return the name of a variable that a job may be given; those that Satellite sets are refused."""
    if not isinstance(value, str) or not VARIABLE_PATTERN.fullmatch(value):
        raise BadRequest(f"{shown(value)} is no name of a variable: letters, digits and _ only.")
    if value in OURS or value.startswith("SATELLITE_"):
        raise BadRequest(f"The variable {value} is set by Satellite; choose another name.")
    return value


def word(value: Any, *, field: str) -> str:
    """Return an option of a launcher: one plain word that cannot be taken for a switch."""
    if not isinstance(value, str) or not WORD_PATTERN.fullmatch(value):
        raise BadRequest(f"{field} must be one plain word, not {shown(value)}.")
    return value


def text(value: Any, *, field: str, empty: bool = True, chars_max: int = 131072) -> str:
    """Return text without NUL, which no argument and no variable can hold."""
    if not isinstance(value, str) or "\0" in value or len(value) > chars_max or not (value or empty):
        raise BadRequest("%s must be text of at most %d characters without NUL." % (field, chars_max))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise BadRequest(f"{field} has half of a character.") from None
    return value


def relative_path(value: Any, *, field: str) -> str:
    """Return a path below a job's folder: plain segments, none of which is `..` or begins with a dash."""
    parts = value.split("/") if isinstance(value, str) and len(value) <= PATH_CHARS_MAX else []
    if not parts or not all(_is_plain(part) for part in parts) or parts[0] == ".satellite":
        raise BadRequest(f"{field} must be a plain path below the job's folder, not {shown(value)}.")
    return text(value, field=field)


def absolute_path(value: Any, *, field: str) -> str:
    """Return a path that begins at the root and has no `..`."""
    good = isinstance(value, str) and value.startswith("/") and len(value) <= PATH_CHARS_MAX
    parts = [part for part in value.split("/") if part] if good else [".."]
    if not all(part not in (".", "..") and SEGMENT_PATTERN.fullmatch(part) for part in parts):
        raise BadRequest(f"{field} must be an absolute path without '..', not {shown(value)}.")
    return text(value, field=field)


def ref(value: Any) -> str:
    """Return the name of a branch, a tag or a commit."""
    bad = ("..", "@{", "//", "/.", "./")
    if not isinstance(value, str) or not REF_PATTERN.fullmatch(value) or any(part in value for part in bad):
        raise BadRequest(f"{shown(value)} is no name of a branch, tag or commit.")
    if value.endswith(("/", ".", ".lock")):
        raise BadRequest(f"{shown(value)} is no name of a branch, tag or commit.")
    return value


def number(value: Any, *, field: str, least: int, most: int) -> int:
    """Return a whole number within its limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(
            "%s must be a whole number from %d to %d, not %s." % (field, least, most, shown(value))
        )
    return value


def maybe_number(value: Any, *, field: str, least: int, most: int) -> Optional[int]:
    """Return the same, or None."""
    return None if value is None else number(value, field=field, least=least, most=most)


def mapping(value: Any, *, field: str) -> Dict[str, Any]:
    """Return an object of JSON; nothing counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{field} must be an object.")
    return value


def listing(value: Any, *, field: str, items_max: int) -> List[Any]:
    """Return a list of JSON that is not too long; nothing counts as an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > items_max:
        raise BadRequest("%s must be a list of at most %d." % (field, items_max))
    return value


def shown(value: Any) -> str:
    """Return a value as a message may show it."""
    return ascii(value)[:80]


def _is_plain(part: str) -> bool:
    return part not in (".", "..") and not part.startswith("-") and bool(SEGMENT_PATTERN.fullmatch(part))
