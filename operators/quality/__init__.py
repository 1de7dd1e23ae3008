"""What can be trusted, and why not."""
