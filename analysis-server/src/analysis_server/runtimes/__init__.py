"""How a plugin is run: the port and its adapters, container and process."""
