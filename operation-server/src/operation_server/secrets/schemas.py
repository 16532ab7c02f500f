"""Requests and answers about secrets. No answer holds a value."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from satellite.contracts.plugin_manifest import ENV_NAME, PluginName

LONGEST_NAME: Final = 100
SHORTEST: Final = 8
"""Of a value without the blank space around it: what is shorter could not be masked in what plugins write."""
FEWEST_CHARACTERS: Final = 5
"""Different ones."""
BYTES_MAX: Final = 32_768
MOST_PLUGINS: Final = 100


def _fit(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text.encode()) > BYTES_MAX:
        raise ValueError(f"has more than {BYTES_MAX} bytes")
    if len(text.strip()) < SHORTEST:
        raise ValueError(f"has fewer than {SHORTEST} characters, so that it could not be masked in logs")
    if len(set(text)) < FEWEST_CHARACTERS:
        raise ValueError("repeats the same few characters, so that it could not be told from other text")
    return value


SecretName = Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=ENV_NAME.pattern)]
SecretValue = Annotated[
    SecretStr,
    Field(
        # Described, not checked, by these: pydantic would speak of items.
        json_schema_extra={"minLength": SHORTEST, "maxLength": BYTES_MAX},
        description=f"At least {SHORTEST} characters, at most {BYTES_MAX} bytes. Never shown again.",
    ),
    AfterValidator(_fit),
]


class SecretCreate(BaseModel):
    """A new secret: of the caller's, or of all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "MODEL_TOKEN", "value": "kept secret", "plugins": ["example-classifier"]}]
        },
    )

    name: SecretName = Field(description="As plugins ask for it in their manifest.")
    value: SecretValue
    for_all: bool = Field(
        default=False, strict=True, description="It is given to jobs of all users. Only an admin may."
    )
    plugins: list[PluginName] = Field(
        default=[], max_length=MOST_PLUGINS, description="Whose jobs are given it; none others are."
    )


class SecretReplace(BaseModel):
    """Another value for a secret."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"value": "another value"}]})

    value: SecretValue


SECRET_EXAMPLE: dict[str, Any] = {
    "id": "3f2a9c0d5b6e4f7a8c1d2e3f4a5b6c7d",
    "owner_id": 1,
    "name": "MODEL_TOKEN",
    "version": 1,
    "plugins": ["example-classifier"],
    "created_at": "2026-01-02T03:04:05Z",
    "changed_at": "2026-01-02T03:04:05Z",
}


class SecretRead(BaseModel):
    """A secret, without its value."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [SECRET_EXAMPLE]})

    id: str
    owner_id: int | None = Field(description="Null: it is given to jobs of all users.")
    name: str
    version: int = Field(description="Grows with each new value.")
    plugins: list[str] = Field(description="Whose jobs are given it.")
    created_at: datetime
    changed_at: datetime = Field(description="When its value was set.")


class SecretList(BaseModel):
    """A page of secrets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [SECRET_EXAMPLE]}]})

    total: int
    items: list[SecretRead]
