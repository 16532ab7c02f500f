"""A server without the SDK that does what its input says, well or badly."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any


def write(line: str) -> None:
    print(line, flush=True)


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def log_later(line: str, delay_s: float) -> None:
    timer = threading.Timer(delay_s, log, [line])
    timer.daemon = True
    timer.start()


def crash(_: Any) -> None:
    log("the server is going down")
    os._exit(7)


def loop(job: dict[str, Any]) -> None:
    log(f"looping {job.get('token', '')}")
    time.sleep(600)


def hog(_: Any) -> None:
    hoard = []
    while True:
        hoard.append(os.urandom(1024) * 8192)
        time.sleep(0.005)


def endless(_: Any) -> None:
    while True:
        sys.stdout.write("x" * 65536)


BEFORE = {
    "noise": lambda _: write("Loading the model ..."),
    "crash": crash,
    "leave": lambda _: os._exit(0),
    "loop": loop,
    "hog": hog,
    "endless": endless,
    "slow": lambda job: time.sleep(job["s"]),
    "quiet crash": lambda _: os._exit(7),
}


def answer(request: dict[str, Any]) -> None:
    job, call_id = request["input"], request["id"]
    if "log" in job:
        log(job["log"])
    BEFORE.get(job["how"], lambda _: None)(job)
    if job["how"] == "variable":
        job["value"] = os.environ.get(job["name"])
    if job["how"] == "note":
        job["value"] = sorted(path.name for path in Path(tempfile.gettempdir()).glob("note-*"))
        Path(tempfile.gettempdir(), f"note-{job['name']}").touch()
    if job["how"] == "unknown id":
        write(json.dumps({"id": "somebody-else", "result": {"answer": 1}}))
    elif job["how"] == "error":
        write(json.dumps({"id": call_id, "error": {"kind": job["kind"], "message": "as ordered"}}))
    else:
        write(json.dumps({"id": call_id, "result": {"answer": job.get("value"), "pid": os.getpid()}}))
    if "late" in job:
        log(job["late"])
        log_later(job["late"], 0.3)


def answer_batch(batch: list[dict[str, Any]]) -> None:
    for request in batch:
        if request["input"]["how"] == "skip":
            continue
        answer(request)


def main() -> None:
    start = os.environ.get("SERVER_START", "")
    if start == "exit":
        time.sleep(float(os.environ.get("SERVER_START_S", "0")))
        log("no model found")
        sys.exit(5)
    if start == "never":
        write("still loading")
        time.sleep(600)
    if start == "quit":
        return
    if start.startswith("{"):
        write(start)
        time.sleep(600)
    time.sleep(float(os.environ.get("SERVER_START_S", "0")))
    if start == "noisy":
        write("a library says hello")
    write('{"ready": true}')
    for line in sys.stdin:
        message = json.loads(line)
        if "batch" in message:
            answer_batch(message["batch"])
        else:
            answer(message)


main()
