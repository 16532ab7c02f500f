"""What all groups of settings share: the variables or files they come from, and how a bad one is told of."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

FILE_SUFFIX = "_FILE"


class SettingsGroup(BaseSettings):
    """A group of settings: each comes from its variable, or from the file that `<VARIABLE>_FILE` names."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _NamedFiles(settings_cls), env_settings


def variables_of(group: type[BaseSettings], name: str) -> list[str]:
    """Return the variables that a setting is read from, the first of which is the one to document."""
    alias = group.model_fields[name].validation_alias
    if alias is None:
        return [(group.model_config.get("env_prefix", "") + name).upper()]
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [str(choice) for choice in choices if choice != name]


@contextlib.contextmanager
def bad_settings_end_the_process() -> Iterator[None]:
    """End the process with a line that names the variable, and no value, when a group cannot be read."""
    try:
        yield
    except SettingsError as error:
        sys.exit(str(error))
    except ValidationError as error:
        group = next((each for each in SettingsGroup.__subclasses__() if each.__name__ == error.title), None)
        if group is None:
            raise
        sys.exit("; ".join(_tell(group, one["loc"], one["msg"]) for one in error.errors(include_input=False)))


def _tell(group: type[SettingsGroup], place: tuple[int | str, ...], message: str) -> str:
    # A rule about several settings has no place, and names them itself.
    named = str(place[0]) if place else ""
    variable = variables_of(group, named)[0] if named in group.model_fields else named
    reason = message.removeprefix("Value error, ")
    return f"{variable}: {reason}" if variable else reason


class _NamedFiles(PydanticBaseSettingsSource):
    """Reads what `<VARIABLE>_FILE` names, so that secrets need not stand in the environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        for variable in variables_of(self.settings_cls, field_name):
            path = os.environ.get(variable + FILE_SUFFIX)
            if path:
                key = field_name if field.validation_alias is None else variable
                return _read(variable, path), key, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value is not None}


def _read(variable: str, path: str) -> str:
    if os.environ.get(variable):
        raise SettingsError(f"{variable} and {variable}{FILE_SUFFIX} are both set; unset one of them")
    try:
        text = Path(path).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{variable}{FILE_SUFFIX}: {path} cannot be read: {reason}") from error
    if not text:
        raise SettingsError(f"{variable}{FILE_SUFFIX}: {path} is empty")
    return text
