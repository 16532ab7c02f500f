"""Whatever stands in a value stays a value in the file."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given

from operation_server.workflows.airflow.python_text import code_literal, literal, text_literal
from operation_server.workflows.airflow.variables import variables
from tests.unit.operation_server.workflows.airflow.dag_file import formatted
from tests.unit.operation_server.workflows.airflow.definitions import JSON, TEXTS


@given(TEXTS)
@example('ends with "')
@example('ends with """')
@example('""""')
@example("ends with \\")
@example("\ud800")
def test_a_text_is_found_again(text: str) -> None:
    assert ast.literal_eval(text_literal(text)) == text
    assert ast.literal_eval(code_literal(text)) == text
    assert "\n" not in text_literal(text)


@given(JSON)
def test_a_value_is_found_again(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_numbers_beyond_json_are_numbers_of_python() -> None:
    assert literal([float("inf")]) == '[\n    float("inf"),\n]'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ('it\'s "a"', '"it\'s \\"a\\""'),
    ],
)
def test_quotes_are_those_that_need_fewer_escapes(text: str, written: str) -> None:
    assert text_literal(text) == written or text.count('"') > text.count("'")
    assert formatted(f"x = {text_literal(text)}\n") == f"x = {text_literal(text)}\n"


def test_code_stands_as_it_was_written() -> None:
    code = 'def main():\n\treturn "한글"\n'

    assert code_literal(code) == f'"""\\\n{code}"""'


def test_no_two_tasks_share_a_variable() -> None:
    names = ["a.b", "a-b", "a_b", "a_b__1", "class", "x" * 99 + "a", "x" * 99 + "b"]

    chosen = variables(names)

    assert len(set(chosen.values())) == len(names)
    assert all(variable.isidentifier() for variable in chosen.values())
