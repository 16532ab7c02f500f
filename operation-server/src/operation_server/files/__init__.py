"""Files: what is too large for an input or a result, stored beside the database."""
