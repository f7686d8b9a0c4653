"""Candidates to their final order: late interaction, cross-encoder, one score."""
