"""What reading finds in documents, held against gold."""
