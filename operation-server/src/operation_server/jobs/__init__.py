"""Jobs: submitting, reading, cancelling, explaining; `transitions` alone changes a state."""
