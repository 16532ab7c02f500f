"""Admission: who gets which memory, cards and CPUs of a worker, who waits for them, and who makes way."""
