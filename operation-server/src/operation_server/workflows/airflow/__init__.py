"""Workflows as files for Airflow: a mirror of their runs, or the workflow itself."""
