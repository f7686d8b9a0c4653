"""Documents in: bytes to pages, regions and chunks."""
