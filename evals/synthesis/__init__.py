"""Drafts an evaluation set from a user's own documents, and the page to review it."""
