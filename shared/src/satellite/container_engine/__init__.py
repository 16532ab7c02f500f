"""The container engine, found in one way by workers, the local stack and the command line."""
