"""Tests of `retrieve`."""
