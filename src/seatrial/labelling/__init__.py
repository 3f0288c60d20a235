"""What people label or relabel next, in the formats of labelling tools."""
