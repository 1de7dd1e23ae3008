"""The LV blood pool's concentration over time."""
