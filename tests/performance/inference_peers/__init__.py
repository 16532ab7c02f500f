"""The same small model served by others and by the direct lane, on one machine."""
