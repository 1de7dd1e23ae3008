"""Signal to Gd concentration."""
