"""Name the parts in which a data set is evaluated by several machines."""

from pathlib import Path

from seatrial.datasets import read_dataset
from seatrial.datasets.sharding import shard_texts

__all__ = ["run"]


def run(dataset: str, shards: int, *, manifest: Path | None = None) -> list[str]:
    """Plan the shards of an evaluation; what evaluates them is given one each.

    Args:
        dataset: Data set specification, e.g. ``images:s3://bucket/val``.
        shards: Parts that are wanted, at least 1; a data set of fewer images gets fewer.
        manifest: Folder to write the manifest to. Whoever evaluates a part reads ``manifest:FOLDER`` instead
            of the whole data set and opens the images of its own part only.

    Returns:
        ``["0/8", "1/8", …]``, as ``evaluate-model --shard`` takes them.

    Raises:
        InputError: The data set cannot be used, ``shards`` is below 1, or the manifest cannot be written.
    """
    whole = read_dataset(dataset)
    texts = shard_texts(len(whole), shards)
    if manifest is not None:
        whole.write(manifest)
    return texts
