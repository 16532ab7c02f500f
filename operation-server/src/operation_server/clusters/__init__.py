"""GPU clusters that are reached by SSH alone: registered by admins, looked after by connectors."""
