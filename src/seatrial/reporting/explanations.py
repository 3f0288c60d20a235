"""The page of explanations: each confusion cell with its numbers and its pictures."""

import base64
from collections.abc import Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from seatrial import __version__
from seatrial.evaluation import Explanations
from seatrial.mining.explaining import CellView
from seatrial.reporting.display import count, plain
from seatrial.reporting.page import asset, content_security_policy
from seatrial.reporting.saliency_sheets import Sheet
from seatrial.statistics import Estimate, Measurement

__all__ = ["render_explanations"]


def render_explanations(
    explanations: Explanations, cells: Sequence[CellView], slices: Sequence[CellView], sheets: Sequence[Sheet]
) -> str:
    """Write explanations as one HTML page that fetches nothing; the same inputs give the same text.

    Args:
        explanations: What they were averaged from.
        cells: Confusion cells, then what is right.
        slices: Slices, measured on what was drawn.
        sheets: Pictures of cells, by their names.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = asset("page.css")
    pictures = {one.name: one for one in sheets}
    header = explanations.header
    return environment.from_string(asset("explanations.html")).render(
        policy=content_security_policy(style, ""),
        style=Markup(style),  # noqa: S704 - the package's own file
        version=__version__,
        model=plain(header.get("model", "")),
        dataset=plain(header.get("dataset", "")),
        method=_method(header.get("method", ""), header.get("layers", [])),
        core=plain(header.get("core", "none")),
        explained=count(len(explanations)),
        cells=[_view(one, pictures.get(one.name)) for one in cells],
        slices=[_view(one, None) for one in slices],
    )


def _method(method: str, layers: Sequence[str]) -> str:
    words = {
        "activation": "activation maps",
        "gradient": "gradients of the pixels",
        "occlusion": "occlusion by windows",
    }
    where = f" of {plain(', '.join(layers))}" if method == "activation" and layers else ""
    return words.get(method, method) + where


def _view(cell: CellView, sheet: Sheet | None) -> dict[str, Any]:
    picture = (
        None if sheet is None else "data:image/jpeg;base64," + base64.b64encode(sheet.jpeg).decode("ascii")
    )
    return {
        "name": plain(cell.name),
        "n": count(cell.n),
        "explained": count(cell.explained),
        "off_core": _measured(cell.off_core),
        "chance": "" if cell.core_area is None else f"{1 - cell.core_area:.0%}",
        "flip": "" if cell.flip is None else f"{cell.flip:+.2f}",
        "patch_flip": "" if cell.patch_flip is None else f"{cell.patch_flip:+.2f}",
        "picture": picture,
        "ids": [] if sheet is None else [plain(one) for one in sheet.ids],
    }


def _measured(found: Measurement) -> str:
    if not isinstance(found, Estimate):
        return ""
    assert found.low is not None
    assert found.high is not None
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"
