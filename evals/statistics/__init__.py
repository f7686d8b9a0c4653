"""Intervals and significance by document."""
