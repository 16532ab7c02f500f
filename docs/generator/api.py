"""The reference of the HTTP API, out of its OpenAPI document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from docs.generator.tables import code, table

HEAD = """\
# HTTP API

Made from the OpenAPI document of this release, which a running server shows at `/openapi.json`, and to be
tried at `/docs`. Who may use which route is in [the table of access](../access.md); errors are
`application/problem+json` with a `code`.

"""
METHODS = ("get", "post", "put", "patch", "delete", "head")
Node = dict[str, Any]


def page() -> str:
    """Return the page."""
    document = read_document()
    groups: dict[str, list[str]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                group = (methods[method].get("tags") or ["others"])[0]
                groups[group].append(_operation(document, path, method, methods[method]))
    return HEAD + "".join(
        f"## {_title(group)}\n\n{''.join(parts)}" for group, parts in sorted(groups.items())
    )


def read_document() -> Node:
    """Return the OpenAPI document of an application that is connected to nothing."""
    from operation_server.main import create_app  # noqa: PLC0415  # Slow to import.
    from operation_server.settings import AuthSettings, OperationSettings  # noqa: PLC0415

    auth = AuthSettings.model_validate({"secret_key": "of no server: " + "0" * 64})
    document: Node = create_app(OperationSettings(auth=auth)).openapi()
    return document


def _title(group: str) -> str:
    return group.replace("-", " ").capitalize()


def _operation(document: Node, path: str, method: str, operation: Node) -> str:
    parts = [f"### `{method.upper()} {path}`\n\n{operation.get('description', operation['summary'])}\n\n"]
    parameters = [
        (code(each["name"]), each["in"], _kind(document, each.get("schema", {})), each.get("description", ""))
        for each in operation.get("parameters", [])
    ]
    parts.append(table(("Parameter", "in", "Kind", ""), parameters))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = list(_fields(document, content.get("schema", {})))
        parts.append(f"Body, `{kind}`:\n\n{table(('Field', 'Kind', ''), fields)}" if fields else "")
    parts.append(table(("Answer", "", "Content"), _answers(operation)))
    return "".join(parts)


def _answers(operation: Node) -> Iterator[tuple[str, str, str]]:
    for status, answer in sorted(operation["responses"].items()):
        for content in answer.get("content", {"": {}}).values():
            name = _name(content.get("schema", {})) if content else ""
            yield status, answer.get("description", ""), code(name)
            break


def _fields(document: Node, schema: Node) -> Iterator[tuple[str, str, str]]:
    schema = _resolved(document, schema)
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        told = field.get("description", "")
        yield (
            code(name) + (" (required)" if name in required else ""),
            _kind(document, field),
            told,
        )


def _resolved(document: Node, schema: Node) -> Node:
    while "$ref" in schema:
        schema = document["components"]["schemas"][_name(schema)]
    return schema


def _name(schema: Node) -> str:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2]


def _kind(document: Node, schema: Node) -> str:
    if "anyOf" in schema:
        kinds = [_kind(document, each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        values = _resolved(document, schema).get("enum")
        return ", ".join(map(code, map(str, values))) if values else _name(schema)
    if schema.get("type") == "array":
        return f"list of {_kind(document, schema.get('items', {})) or 'any'}"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return " ".join([str(schema.get("type", "any")), *bounds])
