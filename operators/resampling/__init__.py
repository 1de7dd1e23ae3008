"""The regular time grid of the flow models."""
