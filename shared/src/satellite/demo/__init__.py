"""What `satellite demo` fills an installation with: people, and what they did there, run for real."""
