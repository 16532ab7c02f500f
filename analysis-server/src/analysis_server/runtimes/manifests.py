"""Parsed manifests, each parsed once per process."""

from __future__ import annotations

import functools
import json

from satellite.contracts.plugin_manifest import PluginManifest

CACHED_MAX = 512


@functools.lru_cache(CACHED_MAX)
def parse_manifest(manifest_json: str) -> PluginManifest:
    """Return the manifest that a text is, parsed now unless it is one of those met most recently.

    Raises:
        ValidationError: it is no manifest this version understands.
    """
    return PluginManifest.of_stored(json.loads(manifest_json))
