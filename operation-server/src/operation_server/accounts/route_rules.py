"""Brings the table of `access.py` together with the routes that there are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path

from operation_server.accounts.access import GRANTED, ROUTES, Door, Permission

Rules = Mapping[Callable[..., Any], Permission | Door]
"""What each endpoint asks for."""


class RouteWithoutRule(Exception):
    """A route has no row in the table of access, or a row no route: the process must not start."""


def rules_of(routes: Sequence[BaseRoute]) -> Rules:
    """Return what each endpoint asks for.

    Raises:
        RouteWithoutRule: the table and the routes differ.
    """
    endpoints = dict(named_endpoints(routes))
    missing, stale = sorted(endpoints.keys() - ROUTES.keys()), sorted(ROUTES.keys() - endpoints.keys())
    if missing or stale:
        raise RouteWithoutRule(
            f"accounts/access.py: no row in ROUTES for {missing}, and no route for the rows {stale}"
        )
    return {endpoint: ROUTES[name] for name, endpoint in endpoints.items()}


def named_endpoints(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the endpoint of every route under `METHOD /path`."""
    for context in iter_route_contexts(routes):
        if context.path is None or context.endpoint is None:
            raise RouteWithoutRule(f"{context!r} is no single route, so nobody can say who may use it")
        # HEAD is asked wherever GET is.
        for method in (context.methods or {"WEBSOCKET"}) - {"HEAD"}:
            yield f"{method} {compile_path(context.path)[1]}", context.endpoint


def render_tables() -> str:
    """Return `docs/access.md`; `python -m operation_server.accounts.route_rules` prints it."""
    roles = list(GRANTED)
    lines = [
        "# Who may do what",
        "",
        "Made from `accounts/access.py` by `python -m operation_server.accounts.route_rules`.",
        "*own*: one's own things; *all*: everybody's. Those of others are 403; files, keys and secrets 404.",
        "An API key may what its account may, or what of it the key was made for.",
        "",
        f"| Permission | {' | '.join(roles)} |",
        f"|---{'|---' * len(roles)}|",
        *(
            f"| `{permission}` | {' | '.join(GRANTED[role].get(permission, '-') for role in roles)} |"
            for permission in Permission
        ),
        "",
        "| Route | Asks for |",
        "|---|---|",
        *(
            f"| `{name}` | {rule if isinstance(rule, Door) else f'`{rule}`'} |"
            for name, rule in ROUTES.items()
        ),
        "",
    ]
    return "\n".join(lines)


def describe_rule(rule: Permission | Door) -> str:
    """Return in words who may use a route."""
    if isinstance(rule, Door):
        return f"For {rule}."
    roles = [f"{role} ({granted[rule]})" for role, granted in GRANTED.items() if rule in granted]
    return f"Asks for `{rule}`: {', '.join(roles)}."


if __name__ == "__main__":
    sys.stdout.write(render_tables())
