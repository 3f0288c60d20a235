"""What to label next, for people: the pictures by group, and what to do with them."""

from collections.abc import Mapping
from typing import Any

from seatrial.mining.edge_cases import EdgeCases, Pool
from seatrial.mining.edge_cases.box import as_box
from seatrial.mining.edge_cases.targets import cell_name
from seatrial.mining.failures import Failures
from seatrial.reporting.contact_sheet import Row, Tile
from seatrial.reporting.display import count, plain

__all__ = ["edge_case_rows", "next_steps"]

#: Failures of a group that are shown before what was chosen for it.
_FAILURES = 8

_UNITS = {"classification": "images", "detection": "objects", "segmentation": "images"}

_STEPS = """\
1. Look at `edge_cases.html`: does what was chosen look like what fails?
2. Label the images of `labelling_queue.*`; each says why it was chosen, and carries what the model takes it
   for. `label_studio.json`, `cvat.xml` and `labelling_coco.json` are to be imported.
3. Add them to the training data, a part of each group to the evaluation data, and train again.
4. Move the scenarios of `proposed_scenarios.yaml` that matter into your suite: what the next champion solves
   stays solved.
5. Evaluate the candidate; `measure-slices` and `decide-promotion` say whether the groups are better and
   nothing else is worse.
"""


def edge_case_rows(
    found: EdgeCases, failures: Failures, pool: Pool, uris: Mapping[str, str | None]
) -> list[Row]:
    """Lay out a batch: of each group its worst failures, then what was chosen because of them.

    Args:
        found: The batch.
        failures: The units that fail.
        pool: Where the batch is from.
        uris: Where each evaluated image is, by its id.
    """
    where = dict(zip(pool.ids, pool.column("uri"), strict=True))
    rows = []
    for target in found.targets:
        tiles = []
        for unit in failures.worst_first(target.units)[:_FAILURES].tolist():
            box = None if failures.boxes is None else as_box(failures.boxes[unit])
            id_ = str(failures.id[unit])
            tiles.append(Tile(uris.get(id_), id_, cell_name(failures, unit), box))
        rows.append(Row(f"{target.name}: failures", f"{len(target)} in all, the worst first", tuple(tiles)))
        rows.append(_chosen(found, target.name, where))
    if not found.targets:
        rows += [_chosen(found, name, where) for name in dict.fromkeys(one.group for one in found.cases)]
    return rows


def _chosen(found: EdgeCases, group: str, where: Mapping[str, str | None]) -> Row:
    tiles = tuple(
        Tile(where.get(one.id), one.id, one.reason, one.box) for one in found.cases if one.group == group
    )
    return Row(f"{group}: to label", f"{len(tiles)} images of the pool, the most like these first", tiles)


def next_steps(report: Mapping[str, Any]) -> str:
    """Write what was chosen and what to do with it as Markdown.

    Args:
        report: What ``mining.json`` holds.
    """
    evaluated, pool = report["evaluation"], report["pool"]
    fails = f"{count(evaluated['failures'])} of {count(evaluated['units'])} {_UNITS[evaluated['task']]}"
    because = (
        f"{count(report['chosen'])} of {count(pool['images'])} images of `{_cell(pool['dataset'])}`, because "
        f"`{_cell(evaluated['model'])}` fails on {fails} of `{_cell(evaluated['dataset'])}`."
    )
    lines = ["# What to label next", "", because, ""]
    lines += [f"- {plain(one)}" for one in report["remarks"]] + [""] * bool(report["remarks"])
    if report["groups"]:
        lines += ["| group of failures | failures | chosen |", "|---|--:|--:|"]
        lines += [
            f"| {_cell(one['name'])} | {one['failures']} | {one['chosen']} |" for one in report["groups"]
        ]
        lines += [""]
    if report["left_out"]:
        lines += ["Left out (`left_out.parquet` says which and why):", ""]
        lines += [f"- {count(number)} {plain(reason)}" for reason, number in report["left_out"].items()]
        lines += [""]
    return "\n".join(lines) + "\n" + _STEPS


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|").replace("`", "'")
