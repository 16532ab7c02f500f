"""A plugin that does what its input says, well or badly."""

import json
import os
import signal
import subprocess
import sys
import time


def log(line):
    print(line, file=sys.stderr, flush=True)


def ignore_and_spawn(token):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); '{token}'; time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", child], start_new_session=True)


def main():
    text = sys.argv[1] if len(sys.argv) > 1 else sys.stdin.read()
    job = json.loads(text)
    how = job["how"]
    if how == "echo":
        print(json.dumps({"answer": job.get("value")}))
    elif how == "progress":
        for step in range(1, 5):
            log(f"::progress {step / 4} step {step}")
            log(f"line {step}")
            time.sleep(job.get("pause_s", 0.15))
        print(json.dumps({"answer": "done"}))
    elif how == "exit":
        log("something went wrong")
        sys.exit(job["code"])
    elif how == "signal":
        os.kill(os.getpid(), job["number"])
    elif how == "write":
        sys.stdout.write(job["text"])
    elif how == "large":
        print(json.dumps({"answer": "x" * job["bytes"]}))
    elif how == "endless output":
        while True:
            sys.stdout.write("x" * 65536)
    elif how == "flood":
        block = b"y" * 99 + b"\n"
        for _ in range(job["bytes"] // (len(block) * 1000)):
            os.write(2, b"".join([block] * 1000))
        log("the last line")
        print(json.dumps({"answer": "flooded"}))
    elif how == "binary log":
        os.write(2, b"nul \x00 and \xff\xfe end\n")
        print(json.dumps({"answer": "logged"}))
    elif how == "loop":
        log("looping")
        if "token" in job:
            ignore_and_spawn(job["token"])
        while True:
            time.sleep(1)
    elif how == "leave a child":
        ignore_and_spawn(job["token"])
        print(json.dumps({"answer": "left"}))
    elif how == "hog":
        hoard = []
        while True:
            hoard.append(os.urandom(1024) * 8192)
            time.sleep(0.005)
    elif how == "where":
        print(json.dumps({"answer": [os.getcwd(), sorted(os.listdir(".")), sorted(os.environ)]}))


main()
