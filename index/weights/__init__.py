"""Small model files that ship with Octavo; README.md beside them gives source and licence."""
