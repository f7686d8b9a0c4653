"""Vector stores: Qdrant Edge, Qdrant server, and FAISS beside them."""
