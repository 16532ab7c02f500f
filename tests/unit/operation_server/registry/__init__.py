"""Rules about models, without a database."""
