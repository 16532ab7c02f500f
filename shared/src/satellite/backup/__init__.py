"""Backups of a whole installation, and their way back: database, files, and the keys that open them."""
