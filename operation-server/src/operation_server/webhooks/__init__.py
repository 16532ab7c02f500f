"""Webhooks: which addresses they may lead to, what signs them, and those of single jobs."""
