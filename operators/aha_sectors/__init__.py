"""The AHA 16-segment model in world coordinates."""
