"""Metrics of retrieval, boxes, citations, answers and abstention."""
