"""Rules about workflows, without a database."""
