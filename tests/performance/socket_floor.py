"""The floor of the fan-out: a bare WebSocket server that sends the same frames in the same rhythm.

Prints its port, and begins once a line comes on stdin.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from websockets.asyncio.server import broadcast, serve

from tests.performance.fanout import BURST_GAP_S, JOB_GAP_S

BODY = '"job_id":123456,"type":"status","data":{"status":"processing","attempt":1,"worker":"analysis1"}'


async def main(jobs: int) -> None:
    """Send to everybody what jobs would make the API send: one event each, and two more soon after."""
    async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for job in range(jobs):
            tell(server, job, 0)
            await asyncio.sleep(BURST_GAP_S)
            for event in (1, 2):
                tell(server, job, event)
            await asyncio.sleep(JOB_GAP_S)
        await asyncio.to_thread(sys.stdin.read)


def tell(server: object, job: int, event: int) -> None:
    """Send one event to all clients."""
    at = datetime.now(UTC).isoformat()
    broadcast(server.connections, f'{{"cursor":"{job}-{event}:0",{BODY},"at":"{at}"}}')


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
