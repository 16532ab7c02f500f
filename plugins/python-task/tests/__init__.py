"""Tests of the plugin itself: `python -m unittest` in the plugin's folder."""
