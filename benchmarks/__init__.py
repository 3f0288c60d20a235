"""Benchmarks: each file measures one piece of work beside a peer in the same run and checks that both agree."""
