"""Known tables drawn in many layouts and formats, read back, and scored cell by cell."""
