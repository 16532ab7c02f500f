"""Parsed manifests, each parsed once per worker process."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict

from satellite.contracts.plugin_manifest import PluginManifest

CACHED_MAX = 512


class ManifestCache:
    """The manifests met most recently, by digest."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._known: OrderedDict[str, PluginManifest] = OrderedDict()

    def parse(self, digest: str, manifest_json: str) -> PluginManifest:
        """Return the manifest with this digest, parsed now if it is new.

        Raises:
            ValidationError: it is no manifest this version understands.
        """
        with self._lock:
            known = self._known.get(digest)
            if known is None:
                known = PluginManifest.of_stored(json.loads(manifest_json))
                self._known[digest] = known
                while len(self._known) > CACHED_MAX:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(digest)
            return known
