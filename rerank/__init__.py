"""Candidates to a better order: late interaction."""
