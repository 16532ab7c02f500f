"""GPU jobs: jobs of the built-in plugin `gpu-job`, or of any other plugin, that run on a cluster."""
