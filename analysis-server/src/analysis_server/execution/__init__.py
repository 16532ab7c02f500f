"""One attempt from its claim to its outcome: claim, admission, cancellation, executors."""
