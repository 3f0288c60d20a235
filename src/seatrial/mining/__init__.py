"""From failures to groups, causes and what to label next."""
