"""Tests that need torch; without it the folder is skipped."""
