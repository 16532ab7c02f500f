"""Engine, sessions and the declarative base. Nothing here knows a feature."""
