"""What a regular expression weighs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satellite.schemas.patterns import weigh


@pytest.mark.parametrize(
    ("pattern", "weight"),
    [
        ("", 0),
        ("abc", 3),
        (r"^\d{4}-\d{2}$", 9),
        ("(a{10}b){5}", 55),
        ("(?:ab|c){3}", 12),
        ("a{2,}", 2),
        (r"[\]a]{7}", 7),
        (r"\p{L}{10}", 1_000),
        ("((a{99}){99}){99}", 970_299),
    ],
)
def test_counts_multiply_what_they_repeat(pattern: str, weight: int) -> None:
    assert weigh(pattern) == weight


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?!a)b", "(?<=a)", r"(a)\1", "a++", "[a[b]]", "a{9999999}", "(?i)a", "(?P<n>a)"]
)
def test_what_is_no_plain_automaton_has_no_weight(pattern: str) -> None:
    assert weigh(pattern) is None


@given(st.text(alphabet="ab()[]{}0123456789,*+?\\|^$.", max_size=60))
def test_any_text_is_weighed(pattern: str) -> None:
    weight = weigh(pattern)

    assert weight is None or weight >= 0
