"""Propose a Great Expectations suite from a data set that is as data should be."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from seatrial.datasets import read_dataset
from seatrial.errors import InputError
from seatrial.images import ImageStore, using_store
from seatrial.quality import CheckOptions, check_suite, measure, propose_suite, write_suite

__all__ = ["run"]


def run(
    reference: str,
    out: Path,
    *,
    options: CheckOptions | None = None,
    cache: Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Write a suite that the reference satisfies, to be read, edited and kept beside the code.

    Args:
        reference: Specification of a data set that is as data should be.
        out: JSON file to write. The same input gives the same bytes.
        options: ``expectations_mostly``, ``expectations_count_factor`` and ``drift_max_values`` matter.
        cache: Folder in which measurements of images are kept for later runs, see
            :class:`~seatrial.images.ImageStore`; None keeps none.
        force: Replace a file that is there, and with it what people have edited.

    Returns:
        The suite.

    Raises:
        InputError: The reference or the file cannot be used.
        MissingExtraError: Great Expectations is not installed.
    """
    if out.exists() and not force:
        raise InputError(f"{out} is there already and may have been edited: name another file, or --force")
    store = ImageStore(cache, measuring=True)
    with using_store(store):  # what is read for the digests is measured on the way
        manifest = read_dataset(reference)
    data = measure(manifest, store=store, what="measure reference")
    given = options or CheckOptions()
    proposed = propose_suite(data, data, given, to_keep=True)
    check_suite(proposed, out)
    suite = {
        "name": out.stem,
        "expectations": proposed["expectations"],
        "meta": {
            "great_expectations_version": version("great_expectations"),
            "seatrial": {"reference": manifest.name, "digest": manifest.digest, "n": len(manifest)},
        },
        "notes": f"proposed by seatrial propose-expectations from {manifest.name}; edit it as you see fit",
    }
    write_suite(suite, out)
    return suite
