"""Settings of the Kafka process."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from satellite.settings.group import SettingsGroup

TOPIC = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$"
TOPIC_LENGTH = 200
"""Below Kafka's own 249, so that an idempotency key has room for topic, partition and offset."""
DEAD_LETTERS_SUFFIX = ".dead-letters"


class SecurityProtocol(StrEnum):
    """How brokers are spoken to, in Kafka's words."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How this process says who it is, in Kafka's words."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


# Compose cannot leave a variable out, only leave it empty.
Given = BeforeValidator(lambda given: given or None)
Topic = Annotated[str, Field(pattern=TOPIC, max_length=TOPIC_LENGTH)]


class KafkaSettings(SettingsGroup):
    """Which brokers, which topics, and for whom records are submitted."""

    # One may hold a password, which an error must not show.
    model_config = SettingsConfigDict(
        env_prefix="SATELLITE_KAFKA_", extra="ignore", hide_input_in_errors=True
    )

    bootstrap_servers: Annotated[str | None, Given] = Field(
        default=None, description="`host:port` of brokers, separated by commas; no Kafka without."
    )
    events_topic: Annotated[Topic | None, Given] = Field(
        default="satellite.job-events", description="Where events of jobs go; nowhere when empty."
    )
    submissions_topic: Annotated[Topic | None, Given] = Field(
        default=None, description="Whose records become jobs; none when empty."
    )
    dead_letters_topic: Annotated[Topic | None, Given] = Field(
        default=None,
        description="Where records go that can be no jobs: the submissions' topic and `.dead-letters`.",
    )
    group_id: str = Field(
        default="satellite", min_length=1, max_length=200, description="Consumer group of the submissions."
    )
    api_key: Annotated[SecretStr | None, Given] = Field(
        default=None, description="API key as whose account the records are submitted."
    )
    security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.PLAINTEXT, description="How brokers are spoken to, in Kafka's words."
    )
    ssl_ca_location: Annotated[str | None, Given] = Field(
        default=None, description="File of the authorities of brokers with TLS; the machine's unless set."
    )
    sasl_mechanism: SaslMechanism = Field(
        default=SaslMechanism.SCRAM_SHA_512, description="How this process says who it is."
    )
    sasl_username: Annotated[str | None, Given] = Field(default=None, description="Name for the brokers.")
    sasl_password: Annotated[SecretStr | None, Given] = Field(default=None, description="Its password.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.submissions_topic is not None and self.api_key is None:
            raise ValueError(
                "SATELLITE_KAFKA_SUBMISSIONS_TOPIC needs SATELLITE_KAFKA_API_KEY, the API key of the account"
                " whose jobs the records become"
            )
        topics = [self.events_topic, self.submissions_topic, self.dead_letters]
        named = [topic for topic in topics if topic is not None]
        if len(named) != len(set(named)):
            raise ValueError("the topics of events, submissions and dead letters must be different ones")
        return self

    @property
    def dead_letters(self) -> str | None:
        """Return the topic of records that can be no jobs; None where no records are taken."""
        if self.submissions_topic is None:
            return None
        return self.dead_letters_topic or self.submissions_topic + DEAD_LETTERS_SUFFIX

    def client_options(self) -> dict[str, str | int]:
        """Return what librdkafka is told of the brokers, for producers and consumers alike."""
        options: dict[str, str | int] = {
            "bootstrap.servers": self.bootstrap_servers or "",
            "client.id": "satellite",
            "security.protocol": self.security_protocol,
            # Its own lines go past our log, a line for each attempt to connect; what matters is told there.
            "log_level": 0,
            "reconnect.backoff.max.ms": 2_000,
        }
        if self.ssl_ca_location is not None:
            options["ssl.ca.location"] = self.ssl_ca_location
        if self.security_protocol.startswith("SASL"):
            options["sasl.mechanism"] = self.sasl_mechanism
            options["sasl.username"] = self.sasl_username or ""
            options["sasl.password"] = self.sasl_password.get_secret_value() if self.sasl_password else ""
        return options
