"""Evidence to a cited answer, or an abstention."""
