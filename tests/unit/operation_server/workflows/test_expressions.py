"""Expressions: what is refused before anything runs, what they read, and what they are worth."""

from __future__ import annotations

from typing import Any

import pytest

from operation_server.workflows.expressions.checks import (
    check_expression,
    check_template,
    tasks_read,
    tasks_read_in,
)
from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.expressions.reading import read
from operation_server.workflows.expressions.templates import expressions_in
from operation_server.workflows.expressions.values import variables_read

VARIABLES: dict[str, Any] = {
    "results": {"train": {"auc": 0.93, "scores": [1, 2, 3], "name": "lstm"}, "a-b.c": {"n": 2}},
    "params": {"least": 0.9, "is_dry": False},
    "run": {"id": 7, "logical_date": "2026-01-02T03:04:05Z"},
}


def evaluate(expression: str, variables: dict[str, Any] = VARIABLES) -> Any:
    """Evaluate what is so small that no process is started."""
    assert read(expression).is_small, "would start a process"
    return Evaluator().evaluate(expression, variables)


class TestCheck:
    @pytest.mark.parametrize(
        "expression",
        [
            "results.train.auc >= params.least && !params.is_dry",
            'results["a-b.c"].n == 2',
            "results['train'].auc > 0.5",
            "has(results.train) ? results.train.auc : 0.0",
            "results.train.scores.filter(x, x > 1).map(x, x * 2)",
            "results.train.scores.all(score, score > 0) || results.train.scores.exists(score, score < 0)",
            'run.id in [1, 2] // a comment with "quotes',
            '"results.other.x" == params.name',
            'r"\\" == params.path',
            "'''a\n' b''' == params.text",
            '{"a": {"b": params.c}}',
            'timestamp(run.logical_date) > timestamp("2026-01-01T00:00:00Z")',
        ],
    )
    def test_takes(self, expression: str) -> None:
        assert check_expression(expression) is None

    @pytest.mark.parametrize(
        ("expression", "fault"),
        [
            (
                "results.train.auc >",
                "is no expression: Syntax error: mismatched input '<EOF>' (line 1, column 20)",
            ),
            ("(" * 200, "is no expression"),
            ("1" + " " * 1_024, "is longer than 1024 bytes"),
            ("é" * 600, "is longer than 1024 bytes"),
            ("result.train.auc > 1", "there is no variable result; there are params, results, run"),
            ("results.a-b.n == 1", "there is no variable b"),
            ("size(results) == 1", "`results` must name a task"),
            ("results[params.task]", "`results` must name a task"),
            ('results["a\\x62"].n', "`results` must name a task"),
            ("params.system('x')", "there is no function system"),
            ("bool(params.x)", "there is no function bool"),
            ("Job{id: 1}", "there is no variable Job"),
            (
                "params.x.map(y, params.z.map(w, w))",
                "loops (all, exists, exists_one, filter, map) cannot be nested",
            ),
            ("params.x.map(y, [1].all(w, w == y))", "cannot be nested"),
            ("params.x.map(y, y) == y", "there is no variable y"),
            ("[[1]].map(results, results)", "cannot be called results"),
            ("[1].map(item, item)", "cannot be called item"),
            ("item.name", "`item` is known only"),
            ("\ud800", "is no expression"),
        ],
    )
    def test_refuses(self, expression: str, fault: str) -> None:
        said = check_expression(expression)
        assert said is not None
        assert fault in said

    def test_knows_the_item_of_a_mapped_task(self) -> None:
        assert check_expression("item.name", has_item=True) is None

    def test_tells_which_tasks_are_read(self) -> None:
        expression = 'results.train.auc > 0.5 ? results["a-b.c"].n : params.results + size("results.no.task")'
        assert tasks_read(expression) == {"train", "a-b.c"}


class TestEvaluate:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("results.train.auc >= params.least && !params.is_dry", True),
            ("results.train.scores", [1, 2, 3]),
            ('results["a-b.c"].n + 1', 3),
            ('results.train.name + "-" + string(run.id)', "lstm-7"),
            ('has(results.skipped) ? 1 : {"a": [null]}', {"a": [None]}),
            ("string(timestamp(run.logical_date).getFullYear())", "2026"),
        ],
    )
    def test_gives_json(self, expression: str, value: Any) -> None:
        assert evaluate(expression) == value

    @pytest.mark.parametrize(
        ("expression", "fault"),
        [
            ("results.skipped.auc", "there is no skipped"),
            ("results.train.f1 > 0.5", "there is no f1"),
            ("results.train.scores[9]", "index out of bounds: 9"),
            ("1 / 0", "division by zero"),
            ("results.train.name + 1", "Unsupported operation: string + int"),
            ("timestamp(run.logical_date)", "JSON has no datetime; string(…) makes a text of it"),
            ("1.0 / 0.0", "JSON has no inf"),
            ("{1: 2}", "keys of an object are texts, not 1"),
            ("9223372036854775807 + 1", "overflow"),
        ],
    )
    def test_says_why_there_is_no_value(self, expression: str, fault: str) -> None:
        with pytest.raises(ExpressionFailed, match=r".") as failed:
            evaluate(expression)
        assert fault in str(failed.value)

    @pytest.mark.parametrize(
        "costly",
        [
            "params.x.map(y, y)",
            'params.x.matches("a+")',
            "+".join(["params.x"] * 20),
            "[" + ",".join(["params.x"] * 20) + "]",
        ],
    )
    def test_what_may_cost_much_is_told_apart(self, costly: str) -> None:
        assert check_expression(costly) is None
        assert not read(costly).is_small

    @pytest.mark.parametrize(
        ("expression", "needed"),
        [
            ("params.least", {"params": {"least": 0.9, "is_dry": False}}),
            ("results.train.auc > item", {"results": {"train": VARIABLES["results"]["train"]}, "item": 3}),
            ('results["gone"] == run.id', {"results": {}, "run": VARIABLES["run"]}),
            ("[1].map(n, n + item)", {"item": 3}),
        ],
    )
    def test_nothing_is_handed_over_that_is_not_read(self, expression: str, needed: dict[str, Any]) -> None:
        assert variables_read(read(expression), VARIABLES | {"item": 3}) == needed


class TestTemplates:
    def test_one_expression_alone_keeps_its_type(self) -> None:
        template = {
            "auc": "${{ results.train.auc }}",
            "all": ["${{results.train.scores}}", 5, None, "as it is"],
        }
        rendered = Evaluator().render(template, VARIABLES)
        assert rendered == {"auc": 0.93, "all": [[1, 2, 3], 5, None, "as it is"]}

    def test_others_become_text(self) -> None:
        text = (
            "run ${{ run.id }}: ${{ results.train.scores }} ${{ params.is_dry }} ${{ results.train.name }}!"
        )
        assert Evaluator().render(text, VARIABLES) == "run 7: [1,2,3] false lstm!"

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('${{ {"a": {"b": 1}}.a.b }}', 1),
            ('${{ "}}" + "${{" }}', "}}${{"),
            ("$ {{ no }} }} $${{ 1 }}", "$ {{ no }} }} $1"),
        ],
    )
    def test_ends_of_expressions_are_found(self, text: str, value: Any) -> None:
        assert Evaluator().render(text, VARIABLES) == value

    def test_faults_have_json_pointers(self) -> None:
        template = {
            "a/b": ["${{ 1 + }}", "${{ 1 }}"],
            "c": {"~": "${{ unclosed"},
            "d": "${{ item }} ${{ x }}",
        }
        assert [fault.pointer for fault in check_template(template)] == ["/a~1b/0", "/c/~0", "/d", "/d"]
        assert [fault.pointer for fault in check_template(template, has_item=True)] == [
            "/a~1b/0",
            "/c/~0",
            "/d",
        ]

    def test_an_expression_that_fails_is_told_with_its_place(self) -> None:
        with pytest.raises(ExpressionFailed, match=r"^/a/0: there is no f1$"):
            Evaluator().render({"a": ["${{ results.train.f1 }}"]}, VARIABLES)

    def test_lists_expressions_and_tasks(self) -> None:
        template = {"a": "${{ results.x.n }}, ${{ results.y.n }}", "b": ["${{ params.z }}"], "${{ no }}": 1}
        assert list(expressions_in(template)) == [
            ("/a", "results.x.n"),
            ("/a", "results.y.n"),
            ("/b/0", "params.z"),
        ]
        assert tasks_read_in(template) == {"x", "y"}
