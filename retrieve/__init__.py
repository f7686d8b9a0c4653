"""Queries to candidates: legs, fusion, trace."""
