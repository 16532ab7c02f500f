"""The OpenAPI document, with what no route says of itself: error bodies, and who may use it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from operation_server.accounts.access import ROUTES, Permission
from operation_server.accounts.route_rules import describe_rule
from operation_server.problems import Problem, problem_responses

ADDRESS: Final = "/openapi.json"
API: Final = "/api/"


def add_description(app: FastAPI) -> None:
    """Let an application describe itself, and serve its description.

    It is made when it is first asked for, in a thread: it takes a second of processor time, in which the
    event loop would answer nobody.
    """
    describe: Callable[[], dict[str, Any]] = app.openapi
    making = threading.Lock()

    def openapi() -> dict[str, Any]:
        with making:
            if app.openapi_schema is None:
                _complete(describe())
            return describe()

    def read_description() -> JSONResponse:
        return JSONResponse(openapi())

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_api_route(ADDRESS, read_description, include_in_schema=False)


def _complete(description: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas |= problem.pop("$defs", {}) | {"Problem": problem}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation)


def _complete_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "requestBody" in operation:
        responses |= {"415": problem_responses(415)[415]}
    if path.startswith(API):
        responses |= {"429": problem_responses(429)[429]}
    if "422" in responses:
        # The framework speaks of a body of its own, which nobody gets here.
        responses |= {"422": problem_responses(422)[422]}
    rule = ROUTES[f"{method.upper()} {path}"]
    operation["description"] = f"{operation['description']}\n\n{describe_rule(rule)}"
    if isinstance(rule, Permission):
        responses |= {"403": problem_responses(403)[403]}
