"""Every plugin answers its examples rightly, and equally in both modes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from tests.plugins.environment import PluginEnvironment
from tests.plugins.folders import PLUGIN_FOLDERS, examples, read_manifest

EnvironmentOf = Callable[[Path], PluginEnvironment]
each_folder = pytest.mark.parametrize("folder", PLUGIN_FOLDERS, ids=lambda folder: folder.name)


@each_folder
def test_oneshot_and_server_answer_every_example_equally(folder: Path, environment_of: EnvironmentOf):
    environment = environment_of(folder)
    validator = jsonschema_rs.validator_for(read_manifest(folder)["output_schema"])

    oneshot = []
    for example in examples(folder):
        done = environment.run(orjson.dumps(example))
        assert done.returncode == 0, done.stderr.decode()
        oneshot.append(orjson.loads(done.stdout))
    first, *answers = environment.serve(
        *({"id": str(number), "input": example} for number, example in enumerate(examples(folder)))
    )

    for result in oneshot:
        validator.validate(result)
    assert first == {"ready": True, "log_marks": True}
    assert answers == [{"id": str(number), "result": result} for number, result in enumerate(oneshot)]


@each_folder
def test_the_plugins_own_tests_pass(folder: Path, environment_of: EnvironmentOf):
    done = environment_of(folder).call("-W", "error", "-m", "unittest", "discover", "-t", ".", "-s", "tests")

    assert done.returncode == 0, done.stderr.decode()
    assert b"\nOK" in done.stderr


def test_the_input_may_be_an_argument(environment_of: EnvironmentOf):
    environment = environment_of(folder_named("example-failing"))

    assert orjson.loads(environment.run(b"", '{"how": "ok"}').stdout)["how"] == "ok"


def test_the_classifier_is_right_about_real_wines_and_tells_its_progress(environment_of: EnvironmentOf):
    folder = folder_named("example-classifier")

    done = environment_of(folder).run((folder / "example-input.json").read_bytes())

    told = orjson.loads(done.stdout)
    assert [prediction["class"] for prediction in told["predictions"]] == (
        ["class_0"] * 4 + ["class_1"] * 4 + ["class_2"] * 4
    )
    assert told["metadata"]["held_out_accuracy"] > 0.9
    assert b"::progress 0.4 loading the model\n" in done.stderr
    assert done.stderr.endswith(b"::progress 1 classified 12 of 12 rows\n")


def folder_named(name: str) -> Path:
    """Return one plugin's folder."""
    return next(folder for folder in PLUGIN_FOLDERS if folder.name == name)
