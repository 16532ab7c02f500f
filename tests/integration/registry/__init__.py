"""Models, their versions and aliases, and requests to them."""
