"""`satellite up`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TextIO, cast

import typer

from satellite.cli.credentials import default_home
from satellite.cli.output import AsJSON
from satellite.local.runtime import RuntimeOption

Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65_535, help="Port of the API [8000 if free].")
]
FlowerPort = Annotated[
    int | None, typer.Option("--flower-port", min=1, max=65_535, help="Port of Flower [5555 if free].")
]
InferencePort = Annotated[
    int | None,
    typer.Option("--inference-port", min=1, max=65_535, help="Port of the direct lane [8001 if free]."),
]


def up(  # noqa: PLR0917
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder that keeps the data [.satellite].", file_okay=False)
    ] = None,
    port: Port = None,
    flower_port: FlowerPort = None,
    inference_port: InferencePort = None,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Analysis workers.")] = 1,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, envvar="SATELLITE_WORKER_SLOTS", help="Jobs that each worker runs at once."
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Run a first job.")] = True,
    runtime: Annotated[
        RuntimeOption,
        typer.Option(
            envvar="SATELLITE_WORKER_RUNTIME",
            help="How plugins run; auto takes containers where an engine answers.",
        ),
    ] = RuntimeOption.AUTO,
    as_json: AsJSON = False,
) -> None:
    """Start the whole platform on this machine; Ctrl-C stops it, the data is kept."""
    import asyncio  # noqa: PLC0415
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from satellite.local.stack import StackOptions  # noqa: PLC0415
    from satellite.local.up import UpRequest, run_up  # noqa: PLC0415
    from satellite.lossy_stream import LossyStream  # noqa: PLC0415

    options = StackOptions(
        port=port,
        flower_port=flower_port,
        inference_port=inference_port,
        workers=workers,
        broker_url=_rabbitmq(),
        with_kafka=bool(os.environ.get("SATELLITE_KAFKA_BOOTSTRAP_SERVERS")),
        **({} if slots is None else {"slots": slots}),
    )
    request = UpRequest(home=home or default_home(), options=options, runtime=runtime, wants_demo=demo)
    console = Console(file=cast("TextIO", LossyStream(sys.stderr if as_json else sys.stdout)))
    asyncio.run(run_up(request, console))


def _rabbitmq() -> str | None:
    """Return the RabbitMQ that the environment names; a Redis the stack has itself."""
    import os  # noqa: PLC0415

    from satellite.settings.broker import BrokerTransport  # noqa: PLC0415

    url = os.environ.get("CELERY_BROKER_URL", "")
    return url if BrokerTransport.of(url) is BrokerTransport.AMQP else None
