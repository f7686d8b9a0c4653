"""What a question names: documents, pages, quoted words, codes."""
