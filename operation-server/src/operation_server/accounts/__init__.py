"""Accounts: who may use the API, and the tokens they prove it with."""
