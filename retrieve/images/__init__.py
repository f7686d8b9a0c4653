"""A query's picture, compared with the pages that may show it."""
