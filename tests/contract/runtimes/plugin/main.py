"""A plugin that does what its input says, well or badly."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

Job = dict[str, Any]


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def answer(value: Any) -> None:
    print(json.dumps({"answer": value}))


def ignore_and_spawn(token: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); '{token}'; time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", child], start_new_session=True)


def slip_away(token: str) -> None:
    """Start a process that nothing but its origin connects with this one."""
    child = f"import os, time; os.fork() and os._exit(0); os.setsid(); '{token}'; time.sleep(600)"
    subprocess.run(["env", "-i", "setsid", sys.executable, "-c", child], stdout=subprocess.DEVNULL)


def echo(job: Job) -> None:
    answer(job.get("value"))


def progress(job: Job) -> None:
    for step in range(1, 5):
        log(f"::progress {step / 4} step {step}")
        log(f"line {step}")
        time.sleep(job.get("pause_s", 0.15))
    answer("done")


def end_badly(job: Job) -> None:
    log("something went wrong")
    sys.exit(job["code"])


def send_signal(job: Job) -> None:
    os.kill(os.getpid(), job["number"])


def write(job: Job) -> None:
    sys.stdout.write(job["text"])


def large(job: Job) -> None:
    answer("x" * job["bytes"])


def endless_output(_: Job) -> None:
    while True:
        sys.stdout.write("x" * 65536)


def flood(job: Job) -> None:
    block = b"y" * 99 + b"\n"
    for _ in range(job["bytes"] // (len(block) * 1000)):
        os.write(2, b"".join([block] * 1000))
    log("the last line")
    answer("flooded")


def binary_log(_: Job) -> None:
    os.write(2, b"nul \x00 and \xff\xfe end\n")
    answer("logged")


def loop(job: Job) -> None:
    log("looping")
    if "token" in job:
        ignore_and_spawn(job["token"])
        slip_away(job["token"])
    while True:
        time.sleep(1)


def leave_a_child(job: Job) -> None:
    ignore_and_spawn(job["token"])
    slip_away(job["token"])
    answer("left")


def hog(_: Job) -> None:
    hoard = []
    while True:
        hoard.append(os.urandom(1024) * 8192)
        time.sleep(0.005)


def where(_: Job) -> None:
    here = Path.cwd()
    answer([str(here), sorted(path.name for path in here.iterdir()), sorted(os.environ)])


def fill_card(_: Job) -> None:
    log("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    sys.exit(1)


def variable(job: Job) -> None:
    answer(os.environ.get(job["name"]))


def shell(job: Job) -> None:
    script = ["/bin/sh", "-c", job["script"]]
    answer(subprocess.run(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout)


def surroundings(_: Job) -> None:
    places = {name: os.environ.get(name, "") for name in ("HOME", "TMPDIR")}
    for place in places.values():
        (Path(place) / "written").write_text("here")
    answer({**places, "tempfile": tempfile.gettempdir(), "own file": Path("unread.py").read_text()[:3]})


def square(number: int) -> int:
    return number * number


def share(_: Job) -> None:
    with multiprocessing.Lock(), multiprocessing.Pool(2) as pool:
        squares = pool.map(square, range(4))
    memory = shared_memory.SharedMemory(create=True, size=8_000_000)
    memory.buf[:4] = b"mine"
    other = shared_memory.SharedMemory(name=memory.name)
    answer([squares, bytes(other.buf[:4]).decode()])
    other.close()
    memory.close()
    memory.unlink()


def read(job: Job) -> None:
    told = []
    for path in map(Path, job["files"]):
        try:
            path.write_bytes(b"changed")
            changed = True
        except OSError:
            changed = False
        told.append([path.name, path.read_bytes().decode(), changed])
    answer(told)


def read_secret(job: Job) -> str:
    return (Path(os.environ["SATELLITE_SECRETS_DIR"]) / job["name"]).read_bytes().decode()


def tell_secret(job: Job) -> None:
    value = read_secret(job)
    encoded = base64.b64encode(b"ab" + value.encode()).decode()
    log(f"log: {value}")
    log(f"::progress 0.5 progress {value.splitlines()[0]}")
    for form in (encoded, value.encode().hex(), json.dumps(value), repr(value), urllib.parse.quote(value)):
        log(form)
        time.sleep(0.02)
    os.write(2, b"in pieces: ")
    for byte in value.encode():
        os.write(2, bytes([byte]))
    answer({"raw": value, "base64": encoded, "bytes": len(value.encode())})


def fail_by_secret(job: Job) -> None:
    log(f"cannot log in by {read_secret(job).splitlines()[0]}")
    sys.exit(3)


def write_secret(job: Job) -> None:
    sys.stdout.write(f"password: {read_secret(job)}")


def put(job: Job) -> None:
    """Make what a list of kind, name and argument says in the output folder."""
    folder = Path(os.environ["SATELLITE_OUTPUT_DIR"])
    for kind, name, argument in job["made"]:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        MAKERS[kind](place, argument)
    time.sleep(job.get("then_s", 0))
    answer(job.get("value"))


def count_up(job: Job) -> None:
    """Count how often this job has got here, by what earlier attempts have left."""
    folder = Path(os.environ["SATELLITE_CHECKPOINT_DIR"])
    counter = folder / "count"
    count = int(counter.read_text()) + 1 if counter.exists() else 1
    part = folder / "part"
    part.write_text(str(count))
    part.replace(counter)
    (folder / "link").unlink(missing_ok=True)
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "kept.bin").write_bytes(bytes(job.get("bytes", 1)))
    if count < job["until"]:
        os.kill(os.getpid(), signal.SIGKILL)
    answer(count)


def make_sparse(place: Path, size_bytes: int) -> None:
    place.touch()
    os.truncate(place, size_bytes)


def make_filled(place: Path, size_bytes: int) -> None:
    with place.open("wb") as file:
        for _ in range(size_bytes // 1_000_000):
            file.write(bytes(1_000_000))


def make_many(place: Path, count: int) -> None:
    for number in range(count):
        place.with_name(f"{place.name}{number}").touch()


def make_deep(place: Path, depth: int) -> None:
    for name in (place, *["d"] * depth):
        Path(name).mkdir()
        os.chdir(name)


def make_socket(place: Path, _: Any) -> None:
    os.chdir(place.parent)
    socket.socket(socket.AF_UNIX).bind(place.name)


MAKERS: dict[str, Callable[[Path, Any], object]] = {
    "file": Path.write_text,
    "sparse": make_sparse,
    "filled": make_filled,
    "many": make_many,
    "deep": make_deep,
    "link": Path.symlink_to,
    "hard link": lambda place, other: place.hardlink_to(place.with_name(other)),
    "fifo": lambda place, _: os.mkfifo(place),
    "socket": make_socket,
}


ACTS = {
    "put": put,
    "count up": count_up,
    "read": read,
    "tell secret": tell_secret,
    "fail by secret": fail_by_secret,
    "write secret": write_secret,
    "echo": echo,
    "progress": progress,
    "exit": end_badly,
    "signal": send_signal,
    "write": write,
    "large": large,
    "endless output": endless_output,
    "flood": flood,
    "binary log": binary_log,
    "loop": loop,
    "leave a child": leave_a_child,
    "hog": hog,
    "where": where,
    "fill card": fill_card,
    "variable": variable,
    "shell": shell,
    "surroundings": surroundings,
    "share": share,
}


def main() -> None:
    job = json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.read())
    time.sleep(job.get("after_s", 0))
    ACTS[job["how"]](job)


if __name__ == "__main__":
    main()
