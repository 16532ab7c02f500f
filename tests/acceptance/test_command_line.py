"""The `satellite` command against the running platform."""

from __future__ import annotations

import json

from tests.acceptance.platform import Platform


def test_run_waits_and_prints_the_result(platform: Platform) -> None:
    done = platform.command("run", "example-failing", "--input", '{"how": "ok"}', "--wait", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "completed"


def test_a_failed_job_gives_exit_code_1(platform: Platform) -> None:
    done = platform.command("run", "example-failing", "--input", '{"how": "refuse"}', "--wait", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["kind"] == "input"


def test_jobs_are_listed_and_shown(platform: Platform) -> None:
    submitted = json.loads(
        platform.command("run", "example-failing", "--input", '{"how": "ok"}', "--wait", "--json").stdout
    )

    listed = json.loads(platform.command("job", "list", "--json").stdout)
    shown = json.loads(platform.command("job", "show", str(submitted["id"]), "--json").stdout)

    assert submitted["id"] in [job["id"] for job in listed["items"]]
    assert shown["id"] == submitted["id"]


def test_an_unknown_job_is_one_sentence_and_an_exit_code(platform: Platform) -> None:
    done = platform.command("job", "show", "999999")

    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "999999" in done.stderr


def test_plugins_are_listed(platform: Platform) -> None:
    done = platform.command("plugin", "list", "--json")

    names = {plugin["name"] for plugin in json.loads(done.stdout)["items"]}
    assert {"example-classifier", "example-processor", "example-failing"} <= names


def test_doctor_finds_the_platform_well(platform: Platform) -> None:
    done = platform.command("doctor", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
