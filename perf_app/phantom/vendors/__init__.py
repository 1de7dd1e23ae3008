"""What each maker's scanners would write of a digital patient: one file a maker."""
