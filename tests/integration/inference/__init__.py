"""The direct lane as a process, asked over HTTP."""
