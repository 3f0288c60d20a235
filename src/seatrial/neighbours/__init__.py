"""Nearest neighbours among embeddings: exact and approximate, on FAISS."""
