"""The text layer of a page: lines, paragraphs, reading order, running headers."""
