"""The child processes that read documents, with their limits."""
