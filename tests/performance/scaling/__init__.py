"""How far the platform goes, and what is to be multiplied then: costs measured here, sizes simulated."""
