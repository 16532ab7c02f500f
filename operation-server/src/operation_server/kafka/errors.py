"""What can go wrong with Kafka."""

from __future__ import annotations

from operation_server.faults import Outage
from satellite.errors import SatelliteError


class BrokersAway(Outage):
    """The Kafka brokers do not answer, or refuse what was asked of them."""

    code = "kafka_brokers_away"

    def __init__(self, reason: str) -> None:
        super().__init__(f"SATELLITE_KAFKA_BOOTSTRAP_SERVERS: {reason}")


class PlaceLost(SatelliteError):
    """The place in a group or partition is lost; to join the group anew leads back to what was settled."""

    code = "kafka_place_lost"


class RecordTooLarge(SatelliteError):
    """The brokers take no record of this size."""

    code = "kafka_record_too_large"


class SubmitterRefused(Outage):
    """Nobody may submit what comes from Kafka: the API key or its account has lost its right."""

    code = "kafka_submitter_refused"
