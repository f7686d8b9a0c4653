"""Text analysis for word search: values, segments of unspaced scripts, languages, compounds."""
