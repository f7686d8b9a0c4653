"""Pages without a text layer: OCR and what it makes of layout, tables and figures."""
