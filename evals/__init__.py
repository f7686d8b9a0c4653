"""Measures every stage on judged questions."""
