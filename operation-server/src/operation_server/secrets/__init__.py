"""Secrets: what users entrust to Satellite for their plugins alone."""
