"""Benchmarks: one piece of work a file, beside a peer in the same run, both checked to agree."""
