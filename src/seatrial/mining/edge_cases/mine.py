"""From failures to the images of a pool that are worth a label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.mining.edge_cases.box import Box, as_box
from seatrial.mining.edge_cases.evaluated import Evaluated
from seatrial.mining.edge_cases.overlap import Labelled, Overlap, overlap
from seatrial.mining.edge_cases.pool import Pool
from seatrial.mining.edge_cases.ranked_batch import Batch, largest_remainder, ranked_batch
from seatrial.mining.edge_cases.reasons import Because
from seatrial.mining.edge_cases.scoring import Scored, score
from seatrial.mining.edge_cases.selected_batch import selected_batch
from seatrial.mining.edge_cases.targets import Target, cell_name
from seatrial.mining.edge_cases.vetoes import Vetoes
from seatrial.mining.selecting import chosen_selector
from seatrial.neighbours import Embeddings

__all__ = ["UNLIKE", "EdgeCase", "EdgeCases", "MineOptions", "mine"]

#: The group of images that are chosen without a failure to be like.
UNLIKE = "unsure or new"

#: The selector that weighs relevance with novelty, image by image.
RANKED = "ranked"


@dataclass(frozen=True, slots=True)
class MineOptions:
    """How a batch is chosen.

    Attributes:
        size: Images to choose.
        uncertainty: Weight of the model's uncertainty beside the likeness to failures, in [0, 1].
        diversity: Weight of being unlike what is chosen already, in [0, 1].
        appearance: Weight of what is measured of every image (brightness, contrast, sharpness …) beside the
            model's vectors, in [0, 1].
        near: Cosine distance up to which two images that look the same are taken for one.
        selector: How a group is filled: ``ranked``, or a selector that chooses among its most relevant
            images (``k_centre``, ``facility_location``, ``random``, or one of ``seatrial.selectors``).
    """

    size: int = 100
    uncertainty: float = 0.1
    diversity: float = 0.1
    appearance: float = 0.25
    near: float = 0.02
    selector: str = "ranked"

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InputError: One of them is out of its range.
        """
        if self.size < 1:
            raise InputError(f"size: expected at least 1, got {self.size}")
        for name in ("uncertainty", "diversity", "appearance", "near"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise InputError(f"{name}: expected a number from 0 to 1, got {value:g}")
        if self.selector != RANKED:
            chosen_selector(self.selector)


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """An image that is worth a label.

    Attributes:
        place: In the pool.
        id: Its id.
        group: Group of failures that it is chosen for.
        relevance: In [0, 1]; higher matters more.
        likeness: To the group's failures, in [0, 1]; ½ where it is as near to what the model gets right.
        uncertainty: In [0, 1]; None where it is not known.
        novelty: How unlike those chosen before, in [0, 1].
        nearest: Id of the failure that it is nearest to; None where nothing fails.
        box: x, y, width and height in pixels of the object that is alike; None for a whole image.
        reason: All that in words.
    """

    place: int
    id: str
    group: str
    relevance: float
    likeness: float | None
    uncertainty: float | None
    novelty: float
    nearest: str | None
    box: Box | None
    reason: str


@dataclass(frozen=True)
class EdgeCases:
    """A batch to label.

    Attributes:
        cases: The first first.
        left_out: Id and reason of each image that is labelled already, is twice in the pool, or would have
            been chosen, but shows what another shows.
        targets: The groups of failures.
        seats: How many were to be chosen for each group.
        overlap: What of the pool is labelled already.
        remarks: What whoever reads the batch has to know.
    """

    cases: tuple[EdgeCase, ...]
    left_out: tuple[tuple[str, str], ...]
    targets: tuple[Target, ...]
    seats: tuple[int, ...]
    overlap: Overlap
    remarks: tuple[str, ...]


def mine(
    pool: Pool,
    evaluated: Evaluated,
    targets: Sequence[Target],
    *,
    labelled: Mapping[str, Embeddings] | None = None,
    files: Sequence[Labelled] = (),
    options: MineOptions | None = None,
) -> EdgeCases:
    """Choose images of a pool that are like what fails.

    Seats go to the groups in proportion to the square roots of their failures: a small group with a cause of
    its own is not drowned by the most frequent confusion. Each takes the images that are most like its
    failures and unlike what the model gets right (:mod:`~seatrial.mining.edge_cases.likeness`), weighed with
    the model's uncertainty and with how unlike those chosen before they are
    (:mod:`~seatrial.mining.edge_cases.ranked_batch`). What is labelled already, byte for byte or by its
    looks, and what shows the same as an image that is chosen, is left out.

    Args:
        pool: The pool.
        evaluated: What the model was evaluated on.
        targets: Groups of its failures; without any, images are chosen that the model is unsure of, or that
            are unlike all that is labelled.
        labelled: Vectors of what else is labelled already, the training data first of all, by the same model.
        files: What else is labelled already and has no vectors: images of the same bytes are left out.
        options: How to choose.

    Raises:
        InputError: The vectors are of different models or levels, or those of the pool are all the same.
    """
    options = options or MineOptions()
    train = labelled or {}
    known = [("the evaluated data", evaluated.embeddings), *train.items()]
    for name, one in known:
        _check_alike(pool, one, name)
    seen = [Labelled(name, one.ids, one.column("content"), one.column("uri")) for name, one in known]
    shared = overlap(pool.ids, pool.column("content"), [*seen, *files])
    allowed = np.ones(len(pool), dtype=np.bool_)
    allowed[list(shared.reasons)] = False
    scored = score(pool, evaluated, targets, list(train.values()), options.uncertainty, options.appearance)
    weights = np.sqrt([len(one) for one in targets] or [1])
    seats = largest_remainder(weights, min(options.size, int(allowed.sum())))
    vetoes = Vetoes.of(pool, list(zip(seen, (one for _, one in known), strict=True)))
    batch = _batch(scored, seats, options, allowed, vetoes)
    cases = tuple(_case(pool, evaluated, targets, scored, batch, number) for number in range(len(batch.rows)))
    left = [(pool.ids[place], reason) for place, reason in sorted(shared.reasons.items())]
    left += [(pool.ids[place], reason) for place, reason in batch.refused.items()]
    remarks = _remarks(pool, targets, shared, options, len(cases))
    return EdgeCases(cases, tuple(left), tuple(targets), tuple(seats.tolist()), shared, remarks)


def _batch(
    scored: Scored,
    seats: NDArray[np.int64],
    options: MineOptions,
    allowed: NDArray[np.bool_],
    vetoes: Vetoes,
) -> Batch:
    def veto(place: int, chosen: NDArray[np.int64]) -> str:
        return vetoes.reason(place, chosen, options.near)

    if options.selector == RANKED:
        return ranked_batch(
            scored.vectors, scored.relevance, seats, diversity=options.diversity, allowed=allowed, veto=veto
        )
    selector = chosen_selector(options.selector)
    return selected_batch(scored.vectors, scored.relevance, seats, selector, allowed=allowed, veto=veto)


def _check_alike(pool: Pool, other: Embeddings, name: str) -> None:
    pool.embeddings.check_same_model(other, ("the pool", name))
    if other.level != pool.embeddings.level:
        raise InputError(
            f"the pool is embedded at level {pool.embeddings.level}, {name} at level {other.level}: embed "
            "both alike"
        )


def _case(
    pool: Pool,
    evaluated: Evaluated,
    targets: Sequence[Target],
    scored: Scored,
    batch: Batch,
    number: int,
) -> EdgeCase:
    place, group = int(batch.rows[number]), int(batch.groups[number])
    unsure = None if pool.uncertainty is None else float(pool.uncertainty[place])
    alike = None if scored.likeness is None else float(scored.likeness[group, place])
    nearest, cell, name, failures = None, "", UNLIKE, 0
    if targets:
        unit = int(targets[group].units[scored.nearest[group, place]])
        nearest, cell = str(evaluated.failures.id[unit]), cell_name(evaluated.failures, unit)
        name, failures = targets[group].name, len(targets[group])
    row = scored.rows[group, place]
    boxes = pool.embeddings.boxes
    box = None if boxes is None else as_box(boxes[row])
    novelty = float(batch.novelty[number])
    because = Because(
        name,
        failures,
        nearest,
        cell,
        alike,
        pool.predictions[place],
        pool.confidences[place],
        unsure,
        novelty,
        pool.embeddings.level,
    )
    relevance = float(scored.relevance[group, place])
    return EdgeCase(
        place, pool.ids[place], name, relevance, alike, unsure, novelty, nearest, box, str(because)
    )


def _remarks(
    pool: Pool, targets: Sequence[Target], shared: Overlap, options: MineOptions, chosen: int
) -> tuple[str, ...]:
    said = []
    if not targets:
        how = "the model is unsure of" if pool.uncertainty is not None else "are unlike all that is labelled"
        said.append(f"nothing fails in the evaluation: images that {how} are chosen")
    for name, count in shared.shares.items():
        if count:
            said.append(
                f"{count} of {len(pool)} images of the pool ({count / len(pool):.1%}) are in {name}, byte "
                "for byte: they are left out"
            )
    if pool.broken:
        said.append(f"{pool.broken} images of the pool cannot be read")
    if pool.uncertainty is None and options.uncertainty:
        said.append("nothing is known of how sure the model is of the pool's images: likeness alone counts")
    if chosen < options.size:
        said.append(f"{options.size} images were asked for, the pool has {chosen} that are not labelled yet")
    return tuple(said)
