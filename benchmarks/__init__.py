"""Measurements of the chain: each module prints a table."""
