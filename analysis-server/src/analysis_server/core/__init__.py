"""Where models of this server are registered, under the name that their authors know."""
