"""Tests. Real parts throughout; sockets beyond this machine are closed."""
