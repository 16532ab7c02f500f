"""What a connector asks the API, and tells it: the clusters with their keys, and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from analysis_server.operation_api.client import APIRefused, OperationAPI
from analysis_server.operation_api.sealing import SealedFor
from satellite.contracts.cluster import (
    CLUSTERS_PATH,
    REPORT_PATH,
    ClusterReport,
    ClusterReportAnswer,
    ClusterSpec,
    ClustersRequest,
    SealedClusters,
    context_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClusters:
    """All clusters, and what lets us in there."""

    specs: Mapping[str, ClusterSpec]
    private_keys: Mapping[str, str] = field(repr=False)


class ClustersOfAPI:
    """Asks for one connector."""

    def __init__(self, api: OperationAPI, *, worker: str) -> None:
        """Ask nothing yet."""
        self._api = api
        self._worker = worker

    def fetch(self) -> KnownClusters:
        """Return all clusters.

        Raises:
            APIUnavailable: the API does not answer.
            APIRefused: it refuses, or its answer does not open.
        """
        own = SealedFor()
        request = ClustersRequest(worker=self._worker, public_key=own.public_key)
        answer = self._api.post(CLUSTERS_PATH, request.model_dump_json().encode())
        try:
            sealed = SealedClusters.model_validate_json(answer)
            context = context_of(request, sealed.public_key)
            keys = own.open(sealed.sealed, peer=sealed.public_key, context=context, token=self._api.token)
        except (ValidationError, ValueError, InvalidTag) as error:
            # Without what it says: it may show what was answered.
            raise APIRefused("not_opened", f"the answer does not open ({type(error).__name__})") from None
        return KnownClusters(specs={spec.name: spec for spec in sealed.clusters}, private_keys=keys)

    def report(self, report: ClusterReport) -> ClusterReportAnswer:
        """Tell how a cluster is, and return what the API wants of it.

        Raises:
            APIUnavailable: the API does not answer.
            APIRefused: it refuses, as it does of a cluster that was deleted.
        """
        answer = self._api.post(REPORT_PATH, report.model_dump_json().encode())
        return ClusterReportAnswer.model_validate_json(answer)
