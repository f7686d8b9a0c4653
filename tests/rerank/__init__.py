"""Tests of `rerank`."""
