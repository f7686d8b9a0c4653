"""Office files (DOCX, PPTX, XLSX) as pages."""
