"""Settings of Kafka: what is left empty is not set, and what cannot work is refused by name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from operation_server.kafka.settings import KafkaSettings


def test_nothing_is_set_by_itself() -> None:
    settings = KafkaSettings()
    assert (settings.bootstrap_servers, settings.submissions_topic, settings.dead_letters) == (
        None,
        None,
        None,
    )


def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOOTSTRAP_SERVERS", "EVENTS_TOPIC", "SUBMISSIONS_TOPIC", "API_KEY", "SASL_USERNAME"):
        monkeypatch.setenv(f"SATELLITE_KAFKA_{name}", "")
    settings = KafkaSettings()
    assert (settings.bootstrap_servers, settings.events_topic, settings.api_key) == (None, None, None)


def test_submissions_need_an_account() -> None:
    with pytest.raises(ValidationError, match="SATELLITE_KAFKA_API_KEY"):
        KafkaSettings(submissions_topic="jobs")


@pytest.mark.parametrize("topics", [{"events_topic": "jobs"}, {"dead_letters_topic": "jobs"}])
def test_topics_that_would_feed_themselves_are_refused(topics: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="must be different"):
        KafkaSettings(submissions_topic="jobs", api_key="key", **topics)  # type: ignore[arg-type]


@pytest.mark.parametrize("topic", ["a b", ".", "..", "ü", "x" * 201])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValidationError):
        KafkaSettings(events_topic=topic)


def test_dead_letters_are_beside_their_topic() -> None:
    settings = KafkaSettings(submissions_topic="jobs", api_key="key")  # type: ignore[arg-type]
    assert settings.dead_letters == "jobs.dead-letters"


def test_a_password_is_told_only_where_one_is_asked() -> None:
    settings = KafkaSettings(bootstrap_servers="b:9092", sasl_username="u", sasl_password="p")  # type: ignore[arg-type]
    assert "sasl.password" not in settings.client_options()
    with_sasl = settings.model_copy(update={"security_protocol": "SASL_SSL"}).client_options()
    assert (with_sasl["sasl.username"], with_sasl["sasl.password"]) == ("u", "p")
