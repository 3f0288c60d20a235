"""What was to be reached beside each peer, and the table that says whether it was."""

import re
from collections.abc import Iterable, Mapping

from benchmarks.row import Claim

__all__ = ["BASELINES", "claims_of", "summary", "updated"]

#: What is compared, with whom, and what was to be reached, by key.
BASELINES: dict[str, tuple[str, str]] = {
    "coco": (
        "COCO AP, 5,000 images, 84k detections, 80 classes, beside faster-coco-eval",
        "everything and 100 slices of 10 % in its time for everything alone",
    ),
    "coco_bootstrap": (
        "… 1,000 bootstrap replicates of the 100 slices",
        "at most 10× its time for everything",
    ),
    "slices": (
        "slice metrics, 1M rows, 50 slices, accuracy and macro-F1, beside fairlearn's MetricFrame",
        "≥ 50× faster, and 200 slices",
    ),
    "slices_bootstrap": ("… with bootstrap intervals", "≥ 500× the replicates × rows per second"),
    "pairs": (
        "slice search, 100k × 12 attributes × 8 values, pairs, beside SliceLine",
        "≤ .5 s, ≤ 1 GB, the same best slices",
    ),
    "triples": ("… triples (SliceLine: out of memory at 27.7 GiB)", "≤ 3 s, ≤ 1 GB"),
    "million_pairs": ("slice search, 1M × 20 attributes, pairs, beside counting (3.0 s)", "≤ 3 s"),
    "images": ("image checks, 640×480 JPEG, beside CleanVision", "≥ 5× on one core"),
    "images_cores": ("… on two cores", "near linear"),
    "object_labels": ("object label quality, 20 boxes an image, beside cleanlab's ObjectLab", "≥ 20×"),
    "publishing": ("publishing 200 metrics over REST, beside one log_metric at a time", "≤ 1 s"),
    "evaluation_cpu": (
        "evaluation on the CPU, ResNet-50, beside the bare forward pass over data in memory",
        "≥ .9 of its throughput",
    ),
    "evaluation_gpu": (
        "evaluation on a GPU beside the bare forward pass over data on the device",
        "≥ .9 of its throughput, flat in memory",
    ),
}

_HEADING = "## Summary\n"
_LINE = re.compile(
    r"^\| [^|]+ \| [^|]+ \| (?P<found>[^|]+) \| (?P<reached>yes|NO) \| "
    r"`(?P<key>\w+)` in `(?P<section>\w+)` \|$"
)


def claims_of(results: str) -> dict[str, tuple[str, Claim]]:
    """Read the summary of earlier results: the section and the claim of each baseline."""
    found = {}
    for line in results.partition(_HEADING)[2].partition("\n## ")[0].splitlines():
        match = _LINE.match(line)
        if match is not None:
            key, reached = match["key"], match["reached"] == "yes"
            found[key] = (match["section"], Claim(key, match["found"], reached))
    return found


def summary(claims: Mapping[str, tuple[str, Claim]]) -> str:
    """Write one line for each baseline, whether it was measured or not."""
    lines = ["| work | to reach | measured | reached | from |", "| --- | --- | --- | --- | --- |"]
    for key, (work, target) in BASELINES.items():
        if key in claims:
            section, claim = claims[key]
            lines.append(f"| {work} | {target} | {claim.found} | {_word(claim)} | `{key}` in `{section}` |")
        else:
            lines.append(f"| {work} | {target} | not measured on this machine | – | – |")
    return f"{_HEADING}\n" + "\n".join(lines) + "\n"


def _word(claim: Claim) -> str:
    return "yes" if claim.reached else "NO"


def updated(
    claims: Mapping[str, tuple[str, Claim]], section: str, made: Iterable[Claim]
) -> dict[str, tuple[str, Claim]]:
    """Replace what a section said before by what it says now."""
    kept = {key: value for key, value in claims.items() if value[0] != section}
    return kept | {one.baseline: (section, one) for one in made}
