"""Which class stands behind the name of a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from satellite.plugin.model.base import BaseModel
from satellite.plugin.model.errors import ModelUnknown

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")

Model = TypeVar("Model", bound=type[BaseModel])


class ModelRegistry:
    """The models of a program by their names."""

    def __init__(self) -> None:
        self._models: dict[str, type[BaseModel]] = {}

    def register(self, name: str) -> Callable[[Model], Model]:
        """Return the decorator that gives a class a name.

        Raises:
            ValueError: the name is malformed, or that of another class.
            TypeError: what is decorated is no model.
        """
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} names no model: take up to 63 small letters, digits, hyphens and underscores, "
                "with a letter or digit at both ends"
            )

        def register(model: Model) -> Model:
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                raise TypeError(f"{name} must be a class derived from BaseModel")
            known = self._models.setdefault(name, model)
            if (known.__module__, known.__qualname__) != (model.__module__, model.__qualname__):
                raise ValueError(f"{name} is {known.__qualname__} of {known.__module__} already")
            return model

        return register

    def get(self, name: str) -> type[BaseModel]:
        """Return the class of a name.

        Raises:
            ModelUnknown: there is none.
        """
        try:
            return self._models[name]
        except KeyError:
            known = ", ".join(self.names()) or "none"
            raise ModelUnknown(f"there is no model {name!r}; registered: {known}") from None

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(self._models)


model_registry = ModelRegistry()
"""The one that models register with."""
