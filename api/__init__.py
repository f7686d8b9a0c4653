"""Where the parts are wired: settings, CLI, HTTP service."""
