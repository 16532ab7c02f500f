"""`python -m operation_server.openapi`: writes the API description, for which nothing has to run."""

from __future__ import annotations

import sys

import orjson

from operation_server.main import create_app
from operation_server.settings import AuthSettings, OperationSettings


def main() -> None:
    """Write the OpenAPI document to stdout, always the same for the same code."""
    # Nothing is signed here, and the description does not depend on settings.
    auth = AuthSettings(secret_key="-" * 32)
    app = create_app(OperationSettings(auth=auth))
    sys.stdout.buffer.write(orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


if __name__ == "__main__":
    main()
