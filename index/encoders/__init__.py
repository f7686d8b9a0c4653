"""Encoders: their contracts, the built-in ones, and those of other libraries, one file each."""
