"""Encoders of other libraries, one file each; a library is imported when its model is loaded."""
