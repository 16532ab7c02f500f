"""Standby: fresh containers or processes that are started already, each used for one job."""
