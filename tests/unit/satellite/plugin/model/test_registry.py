"""Names of models."""

from __future__ import annotations

import pytest

from satellite.plugin.model import BaseModel, ModelRegistry, ModelUnknown


class Model(BaseModel):
    """Some model."""


class Other(BaseModel):
    """Another one."""


@pytest.fixture
def registry() -> ModelRegistry:
    return ModelRegistry()


def test_a_model_is_found_by_its_name(registry: ModelRegistry) -> None:
    assert registry.register("my_model")(Model) is Model
    assert registry.get("my_model") is Model
    assert registry.names() == ["my_model"]


def test_a_name_stays_that_of_its_first_class(registry: ModelRegistry) -> None:
    registry.register("mine")(Model)
    registry.register("mine")(Model)
    with pytest.raises(ValueError, match="mine is Model of"):
        registry.register("mine")(Other)
    assert registry.get("mine") is Model


@pytest.mark.parametrize("name", ["", "My", "a b", "_a", "a/../b", "a" * 64])
def test_a_malformed_name_is_refused(registry: ModelRegistry, name: str) -> None:
    with pytest.raises(ValueError, match="names no model"):
        registry.register(name)


def test_what_is_no_model_is_refused(registry: ModelRegistry) -> None:
    with pytest.raises(TypeError, match="derived from BaseModel"):
        registry.register("mine")(dict)  # type: ignore[type-var]


def test_who_asks_for_an_unknown_name_is_told_the_known_ones(registry: ModelRegistry) -> None:
    registry.register("one")(Model)
    with pytest.raises(ModelUnknown, match="no model 'two'; registered: one"):
        registry.get("two")
