"""The Kubernetes runtime: a pod for every run."""
