"""Digital patients: simulated studies whose truth is known."""
