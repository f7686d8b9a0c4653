"""One file a format: what it holds, as HTML or PDF pages that MuPDF lays out the same each time."""
