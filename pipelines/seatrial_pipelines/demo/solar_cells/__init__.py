"""Classification: real photographs of solar cells, a linear head on a frozen backbone."""
