"""Detection and segmentation: drawn street scenes by day and by night, small networks trained on the spot."""
