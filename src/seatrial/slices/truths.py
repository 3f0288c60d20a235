"""Whether two evaluations hold the same truth, and one's results in the other's order of images."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import OBJECT_COLUMNS
from seatrial.errors import InputError, examples

__all__ = ["in_order", "object_problems", "pixel_problems", "with_truths"]

_TRUTH, _BOUNDARY = "pixels_sum", "boundary_truth_sum"


def object_problems(ids: pa.Array, ours: pa.Table, theirs: pa.Table) -> list[str]:
    """Say which images have other true objects for the champion than for the candidate.

    Objects are compared by what a data set says of them, boxes and masks to the last bit, and by the
    annotation attributes that both hold; their order does not matter.

    Args:
        ids: The images, strings.
        ours: The candidate's objects.
        theirs: The champion's.
    """
    first, second = (_truths(objects) for objects in (ours, theirs))
    if first.equals(second):
        return []
    first, second = (_sorted(truths) for truths in (first, second))
    places = [_places(objects.column("image"), ids) for objects in (first, second)]
    counts = [np.bincount(one, minlength=len(ids)) for one in places]
    differs = counts[0] != counts[1]
    alike = [~differs[one] for one in places]
    first, second = (
        objects.filter(pa.array(one)) for objects, one in zip((first, second), alike, strict=True)
    )
    image = places[0][alike[0]]
    for name in first.column_names:
        if name in second.column_names:
            differs[image[_differing(first.column(name), second.column(name))]] = True
    return _problem(ids, differs, "objects")


def pixel_problems(ids: pa.Array, ours: pa.Table, theirs: pa.Table) -> list[str]:
    """Say which images have other true masks: another number of pixels, or of boundary pixels, of a class.

    Args:
        ids: The images, strings.
        ours: The candidate's pixels.
        theirs: The champion's.
    """
    first, second = ({row[:2]: row[2:] for row in _true_pixels(pixels)} for pixels in (ours, theirs))
    place = {one: row for row, one in enumerate(ids.to_pylist())}
    differs = np.zeros(len(ids), dtype=np.bool_)
    for image, label in first.keys() | second.keys():
        differs[place[image]] |= first.get((image, label)) != second.get((image, label))
    return _problem(ids, differs, "masks")


def with_truths(ids: pa.Array, truths: pa.Table, predictions: pa.Table) -> pa.Table:
    """Put the predictions of one table of objects beside the truths of another, in the order of the images.

    Args:
        ids: The images, strings.
        truths: Objects whose truths are taken.
        predictions: Objects whose predictions are taken.

    Returns:
        Truths in the order that the first table has; the second table itself, where it has the same.
    """
    if truths.schema.equals(predictions.schema) and _truths(truths).equals(_truths(predictions)):
        return in_order(ids, predictions)
    true = truths.filter(pc.equal(truths.column("role"), "truth"))
    predicted = predictions.filter(pc.equal(predictions.column("role"), "prediction"))
    predicted = predicted.select([name for name in true.column_names if name in predicted.column_names])
    return in_order(ids, pa.concat_tables([true, predicted], promote_options="default"))


def in_order(ids: pa.Array, rows: pa.Table) -> pa.Table:
    """Bring rows with a column ``image`` into the order of the images; those of one image keep theirs."""
    places = _places(rows.column("image"), ids)
    if (places[1:] >= places[:-1]).all():
        return rows
    return rows.take(pa.array(np.argsort(places, kind="stable")))


def _truths(objects: pa.Table) -> pa.Table:
    return objects.filter(pc.equal(objects.column("role"), "truth")).drop_columns(["role", "score"])


def _sorted(truths: pa.Table) -> pa.Table:
    keys = [name for name in OBJECT_COLUMNS if name != "mask"]
    return truths.sort_by([(name, "ascending") for name in keys])


def _differing(ours: pa.ChunkedArray, theirs: pa.ChunkedArray) -> NDArray[np.bool_]:
    if ours.type != theirs.type or pa.types.is_nested(ours.type) or pa.types.is_dictionary(ours.type):
        pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=True)
        return np.fromiter((one != other for one, other in pairs), dtype=np.bool_, count=len(ours))
    missing = [column.is_null(nan_is_null=True) for column in (ours, theirs)]
    unequal = pc.and_not(pc.fill_null(pc.not_equal(ours, theirs), True), pc.and_(*missing))
    return np.asarray(unequal)


def _true_pixels(pixels: pa.Table) -> list[tuple[str, str, int, int]]:
    totals = pixels.group_by(["image", "label"]).aggregate([("pixels", "sum"), ("boundary_truth", "sum")])
    totals = totals.filter(pc.greater(totals.column(_TRUTH), 0))
    columns = ("image", "label", _TRUTH, _BOUNDARY)
    return list(zip(*(totals.column(name).to_pylist() for name in columns), strict=True))


def _places(images: pa.ChunkedArray, ids: pa.Array) -> NDArray[np.int64]:
    """Find the place of each row's image."""
    found = pc.index_in(images.cast(pa.string()), value_set=ids).combine_chunks()
    if found.null_count:
        strange = images.filter(found.is_null()).unique().to_pylist()
        raise InputError(f"an evaluation holds results of images that it does not name: {examples(strange)}")
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def _problem(ids: pa.Array, differs: NDArray[np.bool_], what: str) -> list[str]:
    named = ids.filter(pa.array(differs)).to_pylist()
    return [f"{len(named)} samples have other true {what}: {examples(named)}"] if named else []
