"""What network policies come to: which of them select a pod, what it reaches, and who reaches it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.deployment.kubernetes import Manifest, Pod, Rendered


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Tell whether a selector selects what has these labels."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", "only what is used here is understood"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def policies_of(rendered: Rendered, pod: Pod) -> list[Manifest]:
    """Return the policies of a pod."""
    # All that is rendered as a pod is in this namespace; those of plugins are made by workers.
    policies = [each for each in rendered.of("NetworkPolicy") if each["metadata"]["namespace"] == "satellite"]
    return [policy for policy in policies if selects(policy["spec"]["podSelector"], pod.labels)]


def egress_ports(rendered: Rendered, pod: Pod) -> set[int | str]:
    """Return the ports to which a pod may open connections wherever they are, as those of stores."""
    return {
        port["port"]
        for policy in policies_of(rendered, pod)
        for rule in policy["spec"].get("egress", [])
        if "to" not in rule
        for port in rule["ports"]
    }


def ingress_peers(rendered: Rendered, pod: Pod) -> set[str]:
    """Return the pods of this namespace that may open connections to a pod."""
    selectors = [
        peer["podSelector"]
        for policy in policies_of(rendered, pod)
        for rule in policy["spec"].get("ingress", [])
        for peer in rule["from"]
        if "podSelector" in peer
    ]
    return {other.name for other in rendered.pods if any(selects(each, other.labels) for each in selectors)}
