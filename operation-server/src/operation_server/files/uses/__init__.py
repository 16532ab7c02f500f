"""Uses of files by jobs: what a job that has not ended needs stays."""
