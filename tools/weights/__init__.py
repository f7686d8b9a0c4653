"""Scripts that make the weight files; no part of the product."""
