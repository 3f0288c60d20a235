"""Steps: paths and parameters in, paths out; the one place that orchestrates reading and writing."""
