"""`satellite run` sends what its options say."""

from __future__ import annotations

from satellite.testing import AnsweringServer
from tests.unit.satellite.cli.conftest import CommandLine, job


def test_a_job_has_the_retry_policy_of_the_option(server: AnsweringServer, command: CommandLine) -> None:
    server.answer("POST /jobs", job(), status=202)
    done = command("run", "adder", "--retry", '{"max_retries": 1, "kinds": ["exit"]}')
    assert (done.code, done.out) == (0, "7\n")
    command("run", "adder")
    [with_policy, without] = server.bodies
    assert with_policy["retry"] == {"max_retries": 1, "kinds": ["exit"]}
    assert "retry" not in without


def test_a_retry_policy_that_is_no_json_is_told(server: AnsweringServer, command: CommandLine) -> None:
    done = command("run", "adder", "--retry", "three times")
    assert done.code != 0
    assert "The retry policy" in done.err
    assert server.bodies == []
