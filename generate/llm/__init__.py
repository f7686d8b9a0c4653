"""Language models that write answers: in this process, or on an OpenAI-compatible server."""
