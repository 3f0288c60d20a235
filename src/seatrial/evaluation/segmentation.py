"""The columns that a segmenter's evaluation adds to its images, whoever ran the model."""

import pyarrow as pa

__all__ = ["segmentation_samples"]

#: Columns in front of the slice axes, in the order in which an evaluation holds them.
_FIRST = ("id", "annotated", "group", "uri", "content", "mask")


def segmentation_samples(images: pa.Table) -> pa.Table:
    """Say which images carry a truth, and where it is, to look at; pixel counts take its place otherwise.

    Args:
        images: Manifest rows, metadata and image properties included.

    Returns:
        The ``samples`` of an evaluation table: reserved columns first, then the slice axes.
    """
    kept = images.drop_columns([name for name in ("mask_content",) if name in images.column_names])
    columns = {name: kept.column(name) for name in kept.column_names}
    columns["annotated"] = images.column("mask").is_valid()
    order = [*(name for name in _FIRST if name in columns), *(name for name in columns if name not in _FIRST)]
    return pa.table({name: columns[name] for name in order}).combine_chunks()
