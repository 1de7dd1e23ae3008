"""The heart held still through the series."""
