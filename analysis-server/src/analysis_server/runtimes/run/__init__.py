"""What a run of a plugin is made of, whatever runtime it is in."""
