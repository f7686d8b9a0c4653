"""The `octavo eval` and `octavo bench` commands."""
