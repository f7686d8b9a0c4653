"""Queries to candidates: subqueries, fusion, trace."""
