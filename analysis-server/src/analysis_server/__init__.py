"""The analysis server: workers that run plugins. It holds no truth and may be killed at any moment."""
