"""Octavo as a library: an open index and its results as plain dataclasses."""
