"""The application: one command from a cardiac perfusion MRI study to a report."""
