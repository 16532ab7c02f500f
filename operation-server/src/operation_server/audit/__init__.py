"""Audit: admins search and export the audit trail."""
