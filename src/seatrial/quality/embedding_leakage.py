"""Check ``embedding_leakage``: images that are nearly the same to a model as one of the reference."""

from collections import defaultdict

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.embedded_rows import embedded_rows
from seatrial.quality.finding import Finding
from seatrial.quality.near import are_alike, close_across

__all__ = ["embedding_leakage"]


def embedding_leakage(given: CheckInput) -> Found:
    """Report images that the evaluated model can hardly tell from one of the reference, though pixels differ.

    One finding an image; pairs that ``split_leakage`` and ``near_leakage`` tell are left to them. Nearness is
    no proof, see ``embedding_duplicates``: a warning. The score is 1 − the distance as a share of that
    around both.
    """
    data, reference = given.needs_images(), given.needs_reference()
    if not reference.has_images:
        raise NotApplicableError("the reference has no images, only a table")
    evaluation, beside = given.needs_evaluation(), given.reference_evaluation
    if beside is None:
        raise NotApplicableError("no evaluation of the reference was given")
    if evaluation.header.model_digest != beside.header.model_digest:
        raise NotApplicableError("the evaluations of data set and reference are of different models")
    rows, vectors = embedded_rows(data, evaluation, "data set")
    other_rows, others = embedded_rows(reference, beside, "reference")
    known = {pixels for pixels in reference.pixels() if pixels is not None}
    pixels = data.pixels()
    close = close_across(vectors, others, given.options.embedding_expected)
    pairs = close.rows.copy()
    pairs[:, 0], pairs[:, 1] = rows[pairs[:, 0]], other_rows[pairs[:, 1]]
    told = are_alike(data, reference, pairs, given.options.near_duplicate_correlation)
    seen: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for (here, there), ratio, alike in zip(pairs.tolist(), close.ratio.tolist(), told.tolist(), strict=True):
        if not alike and pixels[here] not in known:
            seen[here].append((ratio, there))
    ids, reference_ids = data.ids, reference.ids
    findings = []
    for row, found in seen.items():
        nearest = [reference_ids[there] for _, there in sorted(found)]
        ratio = min(found)[0]
        message = f"nearly the same to the model: {ids[row]!r} is {examples(nearest)} of the reference"
        evidence = {
            "reference_ids": nearest,
            "ratio": round(ratio, 4),
            "threshold": round(close.most, 4),
            "dimension": round(close.dimension, 1),
        }
        one = ids[row] or ""
        findings.append(
            Finding("embedding_leakage", "warning", message, (one,), round(1 - ratio, 4), evidence)
        )
    return Found(tuple(findings))
