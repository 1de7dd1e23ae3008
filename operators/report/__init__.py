"""Results for people: picture, page and numbers."""
