"""A server that tells its secret in each answer and in its log."""

from __future__ import annotations

import base64
from typing import Any

from satellite.plugin import plugin, run, secret


def load() -> str:
    value = secret("TOKEN")
    print(f"loading with {value}")
    return value


@plugin(setup=load)
def work(job: dict[str, Any], value: str) -> dict[str, Any]:
    print(f"{value} logged")
    encoded = base64.b64encode(value.encode()).decode()
    return {"answer": {"raw": value, "base64": encoded, "bytes": len(value.encode())}}


if __name__ == "__main__":
    run(work)
