"""Refuses bodies in another form than JSON before anything tries to read them as such."""

from __future__ import annotations

from email.message import Message

from starlette.datastructures import Headers

from satellite.errors import SatelliteError

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


class BodyTypeUnsupported(SatelliteError):
    """The body is not JSON in UTF-8; send it as application/json."""

    code = "unsupported_media_type"


def require_json(headers: Headers) -> None:
    """Raise if the headers announce another body than JSON; one of no stated type is taken for it.

    Raises:
        BodyTypeUnsupported: it is something else, compressed, or not in UTF-8.
    """
    require_uncompressed(headers)
    stated = headers.get("content-type", "").strip()
    if stated in {"", "application/json"} or not _has_body(headers):
        return
    media_type, charset = parse_content_type(stated)
    if not _is_json(media_type):
        raise BodyTypeUnsupported(
            f"The body is {stated!r}, but JSON is read here; send it with Content-Type: application/json."
        )
    if charset not in UTF_8:
        raise BodyTypeUnsupported(f"The body is JSON in {charset!r}; send it in UTF-8.")


def require_uncompressed(headers: Headers) -> None:
    """Raise when the body is compressed.

    Raises:
        BodyTypeUnsupported: it is.
    """
    encoding = headers.get("content-encoding", "").strip()
    if encoding.lower() not in {"", "identity"}:
        raise BodyTypeUnsupported(f"The body has Content-Encoding {encoding!r}; send it uncompressed.")


def is_form(headers: Headers) -> bool:
    """Tell whether the headers announce an HTML form."""
    return parse_content_type(headers.get("content-type", ""))[0] in FORMS


def parse_content_type(stated: str) -> tuple[str, str]:
    """Return the media type and the charset (UTF-8 unless stated) of a Content-Type, in lower case."""
    message = Message()
    message["content-type"] = stated
    return message.get_content_type(), str(message.get_content_charset("utf-8"))


def _has_body(headers: Headers) -> bool:
    # `curl -d ''` states the type of a form and sends nothing.
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _is_json(media_type: str) -> bool:
    kind, _, subtype = media_type.partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))
