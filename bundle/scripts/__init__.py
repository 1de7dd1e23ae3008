"""Network, loss and transforms of the bundle; they need MONAI and nothing of the application."""
