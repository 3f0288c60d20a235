"""Reader ``manifest:``: a data set that was read before, written down with the digest of every image."""

from seatrial.datasets.manifest import DatasetManifest
from seatrial.datasets.options import check_options
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError
from seatrial.storage import fetched

__all__ = ["read"]


def read(spec: DatasetSpec) -> DatasetManifest:
    """Read ``manifest:FOLDER``, which ``plan-shards --manifest`` wrote.

    No image is opened: whoever evaluates one compares its bytes with the digest that is written down.

    Raises:
        InputError: There is no manifest, or it was changed after it had been written.
        ServiceError: The object store that it lies on does not answer.
    """
    check_options(spec, ())
    with fetched(spec.path) as folder:
        if not (folder / "dataset.json").is_file():
            raise InputError(f"data set {spec}: no manifest there: plan-shards --manifest writes one")
        return DatasetManifest.read(folder)
