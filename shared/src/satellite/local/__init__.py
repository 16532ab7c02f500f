"""The whole platform on one machine: real servers from wheels under one small supervisor."""
