"""How the last day went."""
