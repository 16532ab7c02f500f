"""Requests to models as jobs, under the names by which users of models know them."""
