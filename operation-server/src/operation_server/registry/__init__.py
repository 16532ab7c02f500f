"""The registry: models, their immutable versions, and the aliases that name some of these."""
