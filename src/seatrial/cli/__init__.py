"""The command line: one verb a step."""
