"""Where a model looked, image by image: small saliency maps and what they amount to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.digests import digest_tree
from seatrial.errors import InputError, examples
from seatrial.files import atomic_folder, read_json

__all__ = ["EXPLANATION_SCHEMA", "WRITTEN", "Explanations"]

SCHEMA_VERSION = 1

#: The rows of :class:`Explanations`.
EXPLANATION_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("object", pa.int64()),
        ("truth", pa.string()),
        ("prediction", pa.string()),
        ("kind", pa.string()),
        ("target", pa.string()),
        ("drawn", pa.bool_()),
        ("side", pa.int64()),
        ("map", pa.binary()),
        ("core", pa.binary()),
        ("core_area", pa.float64()),
        ("off_core", pa.float64()),
        ("flip", pa.float64()),
        ("patch_flip", pa.float64()),
        ("patch", pa.list_(pa.float64())),
        ("transplant", pa.float64()),
    ]
)

#: Files that explanations consist of.
WRITTEN = ("explanations.parquet", "explanations.json")


@dataclass(frozen=True)
class Explanations:
    """Saliency of one model on some of the samples of one evaluation.

    A map shows the model's input, whatever was cropped off or filled up included, as a square of ``side`` ×
    ``side`` cells: the salience of each, scaled so that the highest is 255.

    Attributes:
        samples: One row a map, see :data:`EXPLANATION_SCHEMA`:

            - ``id``: the sample; several rows may have the same (the objects of a detection).
            - ``object``: row of the evaluation's ``objects`` that is explained; null for a whole image.
            - ``truth``, ``prediction``: class names, ``(background)`` for what is nothing, or is missed.
            - ``kind``: what is wrong, see :data:`seatrial.mining.failures.KINDS`; ``right`` where nothing is.
            - ``target``: the class whose score is explained.
            - ``drawn``: whether the row belongs to the random draw of the data set. Only drawn rows say
              anything of the data set as a whole; the others were chosen because they are wrong.
            - ``side``, ``map``: row-major bytes of the map, uint8.
            - ``core``: like ``map``, the share of each cell that is core, 255 for all; null without a core.
            - ``core_area``: share of the input that is core, in [0, 1]: what ``1 − off_core`` would be if the
              model looked everywhere alike.
            - ``off_core``: share of the saliency outside of the core, in [0, 1]; null without a core or
              where the map is empty.
            - ``flip``: the truth's probability with everything but the core blanked, less what it was, in
              [−1, 1]; null without a core or a truth.
            - ``patch_flip``: the greatest rise of the truth's probability when one window of the input is
              blanked, in [−1, 1]; null where it was not tried.
            - ``patch``: that window: x, y, width, height as shares of the input.
            - ``transplant``: the mean rise of the prediction's probability when that window is pasted into
              images of other classes that the model has right, in [−1, 1]; null where it was not tried.
        header: Where they come from: ``model``, ``model_digest``, ``dataset``, ``dataset_digest``,
            ``evaluation`` (digest), ``method``, ``layer``, ``core`` and the options that maps depend on.
    """

    samples: pa.Table
    header: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Check columns and the sizes of maps.

        Raises:
            InputError: A column is missing or of another type, or a map is not of ``side`` × ``side`` bytes.
        """
        if self.samples.schema.remove_metadata() != EXPLANATION_SCHEMA:
            expected = ", ".join(EXPLANATION_SCHEMA.names)
            got = ", ".join(self.samples.column_names)
            raise InputError(f"explanations: expected the columns {expected}, got {got}")
        sides = self.samples.column("side").to_numpy()
        for name in ("map", "core"):
            lengths = pc.binary_length(self.samples.column(name))
            wrong = pc.not_equal(lengths, pa.array(sides**2, lengths.type)).fill_null(False)
            if pc.any(wrong).as_py():
                ids = self.samples.filter(wrong).column("id").to_pylist()
                raise InputError(
                    f"explanations, column {name!r}: expected side² bytes, not so: {examples(ids)}"
                )

    def __len__(self) -> int:
        return int(self.samples.num_rows)

    def maps(self, name: str = "map") -> NDArray[np.float64]:
        """Give all maps in [0, 1], shape (n, side, side); NaN where there is none.

        Args:
            name: ``map`` or ``core``.

        Raises:
            InputError: Maps are of several sizes.
        """
        sides = sorted(set(self.samples.column("side").to_pylist()))
        if len(sides) > 1:
            raise InputError(f"explanations: expected maps of one size, got sides {examples(sides)}")
        side = sides[0] if sides else 0
        found = np.full((len(self), side, side), np.nan)
        for row, data in enumerate(self.samples.column(name).to_pylist()):
            if data is not None:
                found[row] = np.frombuffer(data, dtype=np.uint8).reshape(side, side) / 255
        return found

    def of_samples(self, column: str, *, drawn: bool = False) -> dict[str, float]:
        """Give a number of each sample: the mean over its rows that have one.

        Args:
            column: ``off_core``, ``flip``, ``patch_flip`` or ``transplant``.
            drawn: Whether only rows of the random draw count.
        """
        rows = self.samples.filter(self.samples.column("drawn")) if drawn else self.samples
        known = rows.filter(rows.column(column).is_valid()).select(["id", column])
        means = known.group_by("id", use_threads=False).aggregate([(column, "mean")])
        return dict(
            zip(means.column("id").to_pylist(), means.column(f"{column}_mean").to_pylist(), strict=True)
        )

    def write(self, folder: Path) -> None:
        """Write ``explanations.parquet`` and ``explanations.json``, atomically; same content, same bytes.

        Raises:
            InputError: The folder cannot be written.
        """
        with atomic_folder(folder, WRITTEN) as temporary:
            self.write_into(temporary)

    def write_into(self, folder: Path) -> None:
        """Write the two files into a folder that is there."""
        pq.write_table(self.samples.combine_chunks(), folder / "explanations.parquet")
        header = {"schema_version": SCHEMA_VERSION, **self.header}
        text = json.dumps(header, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / "explanations.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Explanations":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The folder is absent, incomplete or of another schema version.
        """
        path = folder / "explanations.json"
        header = read_json(path, "explain-errors writes it")
        version = header.pop("schema_version", None) if isinstance(header, dict) else None
        if version != SCHEMA_VERSION:
            raise InputError(f"{path}: expected schema_version {SCHEMA_VERSION}, got {version!r}")
        try:
            samples = pq.read_table(folder / "explanations.parquet")
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read {folder / 'explanations.parquet'}: {error}") from error
        return cls(samples, header)

    @staticmethod
    def digest(folder: Path) -> str:
        """Digest what :meth:`write` wrote: the same for the same content."""
        return digest_tree(folder / "explanations.parquet")
