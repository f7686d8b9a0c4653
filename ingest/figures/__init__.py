"""Figures of a page: images and vector graphics, with their captions."""
