"""What each vendor's files mean where the standard leaves it open: one file a dialect, one line in the registry."""
