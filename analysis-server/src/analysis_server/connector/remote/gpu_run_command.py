"""Our `gpu-run`, for hosts that have none: any program gets cards as jobs do, and keeps their locks."""

import argparse
import os
import re
import sys
import time
from typing import List, Optional

from analysis_server.connector.remote.card_grant import LOOK_EVERY_S, Grant, Line
from analysis_server.connector.remote.errors import Ended
from analysis_server.connector.remote.memory_limit import MemoryLimit

UNITS_MIB = {"M": 1, "G": 1024, "T": 1024 * 1024}


def gpu_run(base: str, arguments: List[str]) -> None:
    """Print the number of a process that waits for cards and then becomes the program.

    `--memory` is held by a group of the kernel, where this account may make one.
    """
    options = _parse(arguments)
    pid = os.fork()
    if pid:
        sys.stdout.write(f"{pid}\n")
        return
    _leave_terminal()
    name = f"gpu-run-{os.getpid()}"
    grant = _wait(Line(base, name, {"gpus": options.gpus, "memory_mib": 0}))
    _become(options.program, grant, MemoryLimit(name, options.memory))


def mebibytes(text: str) -> int:
    """Return an amount as `32G` in MiB."""
    found = re.fullmatch(r"([0-9]{1,9})([MGT])i?B?", text)
    if found is None:
        raise argparse.ArgumentTypeError("an amount is a number with M, G or T")
    return int(found.group(1)) * UNITS_MIB[found.group(2)]


def _parse(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu-run")
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--memory", type=mebibytes)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if not options.program or options.gpus < 1:
        parser.error("name a program, and at least one card")
    return options


def _leave_terminal() -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _wait(line: Line) -> Grant:
    grant: Optional[Grant] = None
    try:
        while grant is None:
            grant = line.try_grant()
            if grant is None:
                time.sleep(LOOK_EVERY_S)
    except Ended:
        os._exit(1)
    finally:
        line.leave()
    return grant


def _become(program: List[str], grant: Grant, memory: MemoryLimit) -> None:
    for fd in grant.fds:
        os.set_inheritable(fd, True)  # noqa: FBT003
    memory.join()
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(grant.shown)
    try:
        os.execvp(program[0], program)  # noqa: S606 - to become it is what keeps the number
    except OSError:
        os._exit(127)
