"""The part that we use of other projects' resources, whose schemas no package ships; all else is refused.

Written by their documentation: KEDA 2.17, External Secrets 0.17, KubeRay 1.4.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def exactly(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    properties = required | (optional or {})
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 1}
FREE: Schema = {"type": "object"}
NUMBER_AS_TEXT: Schema = {"type": "string", "pattern": r"^[0-9.]+$"}


def many(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


METRICS_API = exactly(
    {
        "type": {"const": "metrics-api"},
        "name": {"type": "string", "pattern": "^[a-z_]+$"},
        "metadata": exactly(
            {
                "url": {"type": "string", "format": "uri"},
                "format": {"enum": ["json", "prometheus"]},
                "valueLocation": TEXT,
                "targetValue": NUMBER_AS_TEXT,
                "authMode": {"const": "bearer"},
            }
        ),
        "authenticationRef": exactly({"name": TEXT}),
    }
)
MODIFIERS = exactly({"formula": TEXT, "target": NUMBER_AS_TEXT})
ADVANCED = exactly({"scalingModifiers": MODIFIERS, "horizontalPodAutoscalerConfig": FREE})
REMOTE = exactly({"key": TEXT, "property": TEXT})

SPECS: dict[tuple[str, str], Schema] = {
    ("keda.sh/v1alpha1", "TriggerAuthentication"): exactly(
        {"secretTargetRef": many(exactly({"parameter": TEXT, "name": TEXT, "key": TEXT}))}
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): exactly(
        {
            "scaleTargetRef": exactly({"name": TEXT}),
            "minReplicaCount": COUNT,
            "maxReplicaCount": COUNT,
            "pollingInterval": COUNT,
            "advanced": ADVANCED,
            "triggers": many(METRICS_API),
        }
    ),
    ("external-secrets.io/v1", "ExternalSecret"): exactly(
        {
            "refreshInterval": TEXT,
            "secretStoreRef": exactly(
                {"kind": {"enum": ["SecretStore", "ClusterSecretStore"]}, "name": TEXT}
            ),
            "target": exactly({"name": TEXT}),
            "data": many(exactly({"secretKey": TEXT, "remoteRef": REMOTE})),
        }
    ),
    ("ray.io/v1", "RayCluster"): exactly(
        {
            "rayVersion": TEXT,
            "headGroupSpec": exactly(
                {"rayStartParams": {"type": "object", "additionalProperties": {"type": "string"}}},
                {"template": FREE, "serviceType": {"enum": ["ClusterIP"]}},
            ),
        },
        {"gcsFaultToleranceOptions": FREE},
    ),
}
"""The schema of `spec` by version and kind."""
