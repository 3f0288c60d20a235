"""Policies and reports at, beside and across every limit that a rule knows, with what has to come out."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from seatrial.gates import Policy, decide
from seatrial.gates.decide import judge_data
from seatrial.quality import CheckResult, QualityReport
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable

TODAY = date(2026, 6, 15)
DATASET = {"name": "val", "digest": "sha256:data", "n": 1000}
HEADER = {
    "task": "classification",
    "classes": ["cracked", "sound"],
    "candidate": {"model": "m2", "digest": "sha256:2"},
    "baseline": {"model": "m1", "digest": "sha256:1"},
    "dataset": DATASET,
    "confidence": 0.95,
    "replicates": 1000,
    "seed": 7,
    "group": "group",
    "same_samples": True,
}
SLICES = "{site: {by: [site]}, night: {where: \"light == 'night'\"}, bug: {ids: [a, b]}}"
SITES = {"site": {"by": ["site"]}}
NAN, INF = float("nan"), float("inf")


@dataclass(frozen=True)
class Case:
    """One verdict.

    Attributes:
        name: What it is about.
        expected: Outcome of the verdict, then of each decision.
        policy: The policy.
        report: The slice report.
        quality: The quality report; None where there is none.
        use: Which use of the data set it is.
    """

    name: str
    expected: str
    policy: Policy
    report: SliceReport
    quality: QualityReport | None = None
    use: int | None = None
    today: date = field(default=TODAY)

    def verdict(self):
        inputs: dict[str, Any] = {}
        return decide(self.policy, self.report, self.quality, today=self.today, inputs=inputs, use=self.use)

    def judged_data(self):
        return None if self.quality is None else judge_data(self.policy, self.quality, today=self.today)


def row(slice_="all", value=0.85, low=0.82, high=0.88, n=400, **parts):
    """Write a row; the champion is 0.03 wide on either side, the difference is 0 within ±0.02."""
    difference = parts.pop("difference", (0.0, -0.02, 0.02, 0.5))
    champion = parts.pop("champion", value - difference[0] if difference else value)
    measured = {
        "candidate": Estimate(value, low, high, n),
        "baseline": Estimate(champion, champion - 0.03, champion + 0.03, n),
        "difference": None if difference is None else Difference(*difference, parts.pop("paired", n)),
    }
    family = parts.pop("family", slice_.split("=")[0])
    metric, class_ = parts.pop("metric", "accuracy"), parts.pop("class_", None)
    size = parts.pop("size", n)
    return SliceRow(slice_, family, {}, "image", metric, class_, size, **(measured | parts))


def site(number, **parts):
    return row(f"site={number}", **parts)


def make(
    name,
    expected,
    rules,
    rows=None,
    *,
    slices=None,
    specs=SLICES,
    use=None,
    quality=None,
    today=TODAY,
    **said,
):
    """Write a case; keywords that begin with ``header_`` replace parts of the report's header."""
    header = {key.removeprefix("header_"): said.pop(key) for key in [*said] if key.startswith("header_")}
    sections = {"slices": specs} | said
    lines = ["apiVersion: seatrial/v1", *(f"{key}: {text}" for key, text in sections.items())]
    written = [f"  - {{id: r{index}, {rule}}}" for index, rule in enumerate(rules)]
    text = "\n".join([*lines, *(["rules:", *written] if written else [])])
    asked = {} if slices is None else {"asked": slices}
    report = SliceReport(HEADER | asked | header, tuple([row()] if rows is None else rows), slices=slices)
    return Case(name, expected, Policy.parse(text, name), report, quality, use, today)


def found(*checks, **dataset):
    results = [CheckResult(*check) for check in checks]
    return QualityReport({"dataset": DATASET | dataset}, tuple(results), (), {})


MIN = "type: min, metric: accuracy, value: "
MAX = "type: max, metric: log_loss, value: "
NI = "type: non_inferior, metric: accuracy, margin: "
UP = "type: improve, metric: accuracy, gain: "
WORSE = "type: no_regression, metric: accuracy"
GAP = "type: gap, metric: accuracy, slice: site, max: "
WARN = ", on_inconclusive: warn"
LOSS = {"metric": "log_loss"}
OK = f"{MIN}0.5"


def bounds():
    yield make("the lower bound reaches the value", "pass: pass", [f"{MIN}0.82"])
    yield make("the lower bound is just below", "inconclusive: inconclusive", [f"{MIN}0.8200001"])
    yield make("the upper bound is the value", "inconclusive: inconclusive", [f"{MIN}0.88"])
    yield make("the upper bound is below", "fail: fail", [f"{MIN}0.8800001"])
    loss = [row(metric="log_loss")]
    yield make("the upper bound is the greatest value", "pass: pass", [f"{MAX}0.88"], loss)
    yield make("the upper bound is above it", "inconclusive: inconclusive", [f"{MAX}0.87"], loss)
    yield make("the lower bound is the greatest value", "inconclusive: inconclusive", [f"{MAX}0.82"], loss)
    yield make("the lower bound is above it", "fail: fail", [f"{MAX}0.81"], loss)
    for value, outcome in ((0.84, "pass"), (0.85, "pass"), (0.86, "fail")):
        yield make(f"by point {value}", f"{outcome}: {outcome}", [f"{MIN}{value}, use: point"])
    for value, outcome in ((0.84, "fail"), (0.85, "pass"), (0.86, "pass")):
        yield make(f"most by point {value}", f"{outcome}: {outcome}", [f"{MAX}{value}, use: point"], loss)
    bare = [row(low=None, high=None)]
    yield make("no interval", "error: error", [f"{MIN}0.5"], bare)
    yield make("half an interval", "error: error", [f"{MIN}0.5"], [row(low=None)])
    yield make("the other half", "error: error", [f"{MIN}0.5"], [row(high=None)])
    yield make("no interval by point", "pass: pass", [f"{MIN}0.5, use: point"], bare)
    yield make("half an interval by point", "pass: pass", [f"{MIN}0.5, use: point"], [row(low=None)])
    for n, outcome in ((29, "inconclusive"), (30, "pass"), (31, "pass")):
        yield make(f"{n} samples", f"{outcome}: {outcome}", [f"{MIN}0.5"], [row(n=n)])
    yield make(
        "few samples whose interval holds the value",
        "inconclusive: inconclusive",
        [f"{MIN}0.84"],
        [row(n=29)],
    )
    yield make(
        "few samples whose lower bound is the value",
        "inconclusive: inconclusive",
        [f"{MIN}0.82"],
        [row(n=20)],
    )
    yield make(
        "few samples whose upper bound is the value",
        "inconclusive: inconclusive",
        [f"{MIN}0.88"],
        [row(n=20)],
    )
    yield make("few samples by point", "inconclusive: inconclusive", [f"{MIN}0.84, use: point"], [row(n=29)])
    yield make(
        "few samples without an interval",
        "inconclusive: inconclusive",
        [f"{MIN}0.8, use: point"],
        [row(n=9, low=None, high=None)],
    )


def margins():
    def at(value, low, high, **parts):
        return [row(difference=(value, low, high, 0.5), **parts)]

    yield make("within the margin", "pass: pass", [f"{NI}0.03"], at(0.0, -0.02, 0.02))
    yield make("a bound on the margin", "inconclusive: inconclusive", [f"{NI}0.02"], at(0.0, -0.02, 0.02))
    yield make("the whole below", "fail: fail", [f"{NI}0.02"], at(-0.05, -0.07, -0.03))
    yield make("the upper bound on the margin", "fail: fail", [f"{NI}0.03"], at(-0.05, -0.07, -0.03))
    yield make(
        "the upper bound just above", "inconclusive: inconclusive", [f"{NI}0.03"], at(-0.05, -0.07, -0.029)
    )
    yield make("more than the gain", "pass: pass", [f"{UP}0.01"], at(0.04, 0.02, 0.06))
    yield make("a bound on the gain", "inconclusive: inconclusive", [f"{UP}0.02"], at(0.04, 0.02, 0.06))
    yield make("no gain asked for", "pass: pass", [f"{UP}0"], at(0.04, 0.02, 0.06))
    yield make("no gain, and none measured", "inconclusive: inconclusive", [f"{UP}0"], at(0.0, -0.02, 0.02))
    yield make("worse than the gain", "fail: fail", [f"{UP}0.02"], at(-0.04, -0.06, -0.02))
    yield make("worse without a gain", "fail: fail", [f"{UP}0"], at(-0.04, -0.06, -0.02))
    low = NI.replace("accuracy", "log_loss"), UP.replace("accuracy", "log_loss")
    yield make("a loss that rises little", "pass: pass", [f"{low[0]}0.03"], at(0.0, -0.02, 0.02, **LOSS))
    yield make("a loss that rises", "fail: fail", [f"{low[0]}0.02"], at(0.05, 0.03, 0.07, **LOSS))
    yield make(
        "a loss that may rise", "inconclusive: inconclusive", [f"{low[0]}0.02"], at(0.01, -0.02, 0.04, **LOSS)
    )
    yield make("a loss that falls", "pass: pass", [f"{low[1]}0.01"], at(-0.04, -0.06, -0.02, **LOSS))
    yield make("a loss that does not fall", "fail: fail", [f"{low[1]}0.01"], at(0.04, 0.02, 0.06, **LOSS))
    for n, outcome in ((29, "inconclusive"), (30, "pass")):
        yield make(f"{n} pairs", f"{outcome}: {outcome}", [f"{NI}0.03"], [row(n=n)])
        yield make(f"{n} pairs of more samples", f"{outcome}: {outcome}", [f"{NI}0.03"], [row(paired=n)])
        few = [row(baseline=Estimate(0.85, 0.8, 0.9, n))]
        yield make(f"{n} samples of the champion", f"{outcome}: {outcome}", [f"{NI}0.03"], few)


def regressions():
    def worse(p, value=-0.02, number=1, **parts):
        return site(number, difference=(value, value - 0.02, value + 0.02, p), **parts)

    rule = f"{WORSE}, slice: site"
    yield make("p is alpha", "fail: fail", [WORSE], [row(difference=(-0.02, -0.04, 0.0, 0.05))])
    yield make("p is above alpha", "pass: pass", [WORSE], [row(difference=(-0.02, -0.04, 0.0, 0.0501))])
    pair = [worse(0.03), worse(0.04, number=2, value=-0.01)]
    yield make("two after Holm", "pass: pass pass", [rule], pair)
    yield make(
        "two after Benjamini and Hochberg",
        "fail: fail fail",
        [f"{rule}, correction: benjamini_hochberg"],
        pair,
    )
    yield make("two uncorrected", "fail: fail fail", [f"{rule}, correction: none"], pair)
    yield make("one of two after Holm", "fail: fail pass", [rule], [worse(0.02), worse(0.2, number=2)])
    tied = [worse(0.5, value=0.01), worse(0.5, number=2, value=-0.03)]
    yield make("the worst of equals", "pass: pass pass", [rule], tied)
    better = [worse(0.9, value=0.02), worse(0.8, number=2, value=0.03)]
    yield make("the worst is better", "pass: pass pass", [rule], better)
    same = [worse(0.5, value=0.0), worse(0.9, number=2, value=0.03)]
    yield make("the worst is equal", "pass: pass pass", [rule], same)
    losses = [worse(0.5, value=0.01, **LOSS), worse(0.5, number=2, value=-0.03, **LOSS)]
    yield make("the worst of losses", "pass: pass pass", [rule.replace("accuracy", "log_loss")], losses)
    small = [worse(0.0001, n=29), worse(0.04, number=2, n=30)]
    yield make("a small slice is not tested", "fail: inconclusive fail", [f"{rule}{WARN}"], small)
    yield make("only small slices", "inconclusive: inconclusive", [rule], [worse(0.5, n=29)])


def families():
    def two(low, high, **parts):
        return [
            site(1, value=low, low=low - 0.03, high=low + 0.03, **parts),
            site(2, value=high, low=high - 0.03, high=high + 0.03),
        ]

    yield make("a gap within", "pass: pass", [f"{GAP}0.2"], two(0.75, 0.85))
    yield make(
        "its upper end on the limit",
        "pass: pass",
        [f"{GAP}0.125"],
        [site(1, value=0.5, low=0.4375, high=0.5625), site(2, value=0.5, low=0.4375, high=0.5625)],
    )
    yield make("a gap that may be", "inconclusive: inconclusive", [f"{GAP}0.1"], two(0.75, 0.85))
    yield make(
        "its lower end on the limit",
        "inconclusive: inconclusive",
        [f"{GAP}0.125"],
        [site(1, value=0.25, low=0.1875, high=0.3125), site(2, value=0.5, low=0.4375, high=0.5625)],
    )
    yield make("a gap beyond", "fail: fail", [f"{GAP}0.03"], two(0.75, 0.85))
    yield make("a gap by point", "fail: fail", [f"{GAP}0.1, use: point"], two(0.25, 0.85))
    yield make(
        "a gap on the limit by point",
        "pass: pass",
        [f"{GAP}0.25, use: point"],
        [site(1, value=0.5, low=0.4, high=0.6), site(2, value=0.75, low=0.7, high=0.8)],
    )
    for part in ("low", "high"):
        rows = two(0.75, 0.85)
        yield make(
            f"no {part} bound",
            "error: error",
            [f"{GAP}0.2"],
            [rows[0], site(2, **{"low": 0.8, "high": 0.9, part: None})],
        )
        yield make(
            f"no {part} bound by point",
            "pass: pass",
            [f"{GAP}0.2, use: point"],
            [rows[0], site(2, **{"low": 0.8, "high": 0.9, part: None})],
        )
    yield make("one slice", "inconclusive: inconclusive", [f"{GAP}0.2"], [site(1)])
    yield make(
        "one slice and a small one", "inconclusive: inconclusive", [f"{GAP}0.2"], [site(1), site(2, n=29)]
    )
    yield make("two small ones", "inconclusive: inconclusive", [f"{GAP}0.2"], [site(1, n=12), site(2, n=29)])
    yield make("just enough", "pass: pass", [f"{GAP}0.2"], [site(1, n=30), site(2, n=30)])
    yield make(
        "a small one beside", "inconclusive: inconclusive", [f"{GAP}0.2"], [*two(0.75, 0.85), site(3, n=29)]
    )
    yield make(
        "two small ones beside",
        "inconclusive: inconclusive",
        [f"{GAP}0.2"],
        [*two(0.75, 0.85), site(3, n=29), site(4, n=9)],
    )
    yield make(
        "a small one beside an open gap",
        "inconclusive: inconclusive",
        [f"{GAP}0.1"],
        [*two(0.75, 0.85), site(3, n=29)],
    )
    yield make(
        "a small one beside a failing gap", "fail: fail", [f"{GAP}0.03"], [*two(0.75, 0.85), site(3, n=29)]
    )
    yield make(
        "one that cannot be judged",
        "error: error",
        [f"{GAP}0.2"],
        [*two(0.75, 0.85), site(3, candidate=NotComputable("no score", 5))],
    )
    empty = site(3, n=0, size=0)
    yield make(
        "an empty one is skipped",
        "pass: pass",
        [f"{GAP}0.2, on_missing_slice: skip"],
        [*two(0.75, 0.85), empty],
    )
    yield make("all are empty", "error: skipped", [f"{GAP}0.2, on_missing_slice: skip"], [empty])
    for n, outcome in ((49, "fail"), (50, "pass"), (51, "pass")):
        yield make(
            f"{n} of 50 samples",
            f"{outcome}: {outcome}",
            ["type: coverage, slice: site, min_n: 50"],
            [site(1, n=n)],
        )
    yield make("nothing is covered", "fail: fail", ["type: coverage, slice: site, min_n: 1"], [row()])
    yield make(
        "two metrics of one slice, one on fewer",
        "fail: fail",
        ["type: coverage, min_n: 300"],
        [row(), row(metric="f1", n=200)],
    )


def checks():
    rule, share = "type: data, check: broken, max_count: 3", "type: data, check: broken, max_share: 0.01"
    for count, outcome in ((2, "pass"), (3, "pass"), (4, "fail")):
        yield make(
            f"{count} findings",
            f"{outcome}: {outcome}",
            [rule],
            quality=found(("broken", "done", "", count, count)),
        )
    for count, outcome in ((9, "pass"), (10, "pass"), (11, "fail")):
        yield make(
            f"findings on {count}",
            f"{outcome}: {outcome}",
            [share],
            quality=found(("broken", "done", "", 20, count)),
        )
    yield make("no finding", "pass: pass", [share], quality=found(("broken", "done", "", 0, 0)))
    yield make("findings on no sample", "error: error", [share], quality=found(("broken", "done", "", 2, 0)))
    yield make(
        "none allowed",
        "pass: pass",
        [share.replace("0.01", "0")],
        quality=found(("broken", "done", "", 0, 0)),
    )
    yield make("no checks", "error: error", [rule])
    yield make("another check", "error: error", [rule], quality=found(("dark", "done", "", 0, 0)))
    for ended in ("crashed", "skipped"):
        yield make(f"it {ended}", "error: error", [rule], quality=found(("broken", ended, "why", 0, 0)))
        yield make(f"it {ended} silently", "error: error", [rule], quality=found(("broken", ended, "", 0, 0)))
    yield make("twice", "error: error", [rule], quality=found(*[("broken", "done", "", 0, 0)] * 2))
    for numbers in ((-1, 0), (0, -1)):
        yield make(
            f"impossible numbers {numbers}",
            "error: error",
            [rule],
            quality=found(("broken", "done", "", *numbers)),
        )
    clean = ("broken", "done", "", 0, 0)
    yield make("of another data set", "error: error", [rule], quality=found(clean, digest="sha256:other"))
    yield make(
        "of no data set",
        "error: error",
        [rule],
        quality=found(clean, digest=None),
        header_dataset={"name": "val"},
    )
    for size in (None, 0, -4, "many"):
        yield make(
            f"a share of {size}", "error: error", [share], quality=found(("broken", "done", "", 1, 1), n=size)
        )
    yield make("a share of one", "fail: fail", [share], quality=found(("broken", "done", "", 1, 1), n=1))


def unsound():
    for name, parts in {
        "a value that is none": {"value": NAN},
        "a lower bound that is none": {"low": NAN},
        "an upper bound that is infinite": {"high": INF},
        "an interval upside down": {"low": 0.9, "high": 0.8},
        "a value below its interval": {"low": 0.86},
        "a value above its interval": {"high": 0.84},
        "a value below its half interval": {"low": 0.86, "high": None},
        "a value above its half interval": {"low": None, "high": 0.84},
        "a value above one": {"value": 1.2, "low": 1.0, "high": 1.3},
        "a value below zero": {"value": -0.1, "low": -0.2, "high": 0.0},
        "more samples than the slice": {"size": 399},
    }.items():
        yield make(
            name,
            "error: error",
            [f"{MIN}0.5, use: point"],
            [row(**{"difference": None, "champion": 0.8} | parts)],
        )
    for name, parts in {
        "a value on its lower bound": {"low": 0.85},
        "a value on its upper bound": {"high": 0.85},
        "a value of one": {"value": 1.0, "low": 0.9, "high": 1.0},
        "no width": {"low": 0.85, "high": 0.85},
        "as many samples as the slice": {"size": 400},
        "fewer samples than the slice": {"size": 401},
    }.items():
        yield make(name, "pass: pass", [f"{MIN}0.5"], [row(**parts)])
    hair = 1e-9
    for name, parts in {
        "a rounding error below zero": {"value": -hair, "low": -hair, "high": 0.1},
        "a rounding error above one": {"value": 1 + hair, "low": 0.9, "high": 1 + hair},
        "a lower bound a rounding error above": {"low": 0.85 + hair},
        "an upper bound a rounding error below": {"high": 0.85 - hair},
    }.items():
        bound = "max" if parts.get("value", 1) < 0 else "min"
        rule = f"type: {bound}, metric: accuracy, value: 0, use: point"
        yield make(name, "pass: pass", [rule], [row(**parts)])
    for name, difference in {
        "a difference a rounding error below its interval": (0.0, hair, 0.02, 0.5),
        "a difference a rounding error above its interval": (0.0, -0.02, -hair, 0.5),
        "a difference a rounding error off": (hair, -0.02, 0.02, 0.5),
    }.items():
        yield make(name, "pass: pass", [f"{NI}0.5"], [row(difference=difference, champion=0.85)])
    yield make("a value of zero", "fail: fail", [f"{MIN}0.5"], [row(value=0.0, low=0.0, high=0.1)])
    yield make("a loss above one", "fail: fail", [f"{MAX}0.5"], [row(value=3.0, low=2.0, high=4.0, **LOSS)])
    for name, difference in {
        "a difference that is none": (NAN, -0.02, 0.02, 0.5),
        "a difference without end": (0.0, -INF, 0.02, 0.5),
        "a p that is none": (0.0, -0.02, 0.02, NAN),
        "a p above one": (0.0, -0.02, 0.02, 1.1),
        "a p below zero": (0.0, -0.02, 0.02, -0.1),
        "a difference upside down": (0.0, 0.02, -0.02, 0.5),
        "a difference below its interval": (0.0, 0.01, 0.02, 0.5),
        "a difference above its interval": (0.0, -0.02, -0.01, 0.5),
        "a difference of other values": (0.01, -0.02, 0.02, 0.5),
    }.items():
        yield make(name, "error: error", [f"{NI}0.5"], [row(difference=difference, champion=0.85)])
    for name, difference in {
        "a p of one": (0.0, -0.02, 0.02, 1.0),
        "a p of zero that is not tested": (0.0, -0.02, 0.02, 0.0),
        "a difference on its lower bound": (0.0, 0.0, 0.02, 0.5),
        "a difference on its upper bound": (0.0, -0.02, 0.0, 0.5),
        "a difference without width": (0.0, 0.0, 0.0, 0.5),
    }.items():
        yield make(name, "pass: pass", [f"{NI}0.5"], [row(difference=difference)])
    yield make("no difference", "error: error", [f"{NI}0.5"], [row(difference=None)])
    yield make("no champion in the row", "error: error", [f"{NI}0.5"], [row(baseline=None)])
    yield make(
        "a champion that is none", "error: error", [f"{NI}0.5"], [row(baseline=NotComputable("why", 3))]
    )
    yield make(
        "a candidate that is none", "error: error", [f"{NI}0.5"], [row(candidate=NotComputable("why", 3))]
    )


def waivers():
    def waiver(**said):
        given = {"rule": "r0", "owner": "Ann", "reason": "known", "expires": "2026-06-16"} | said
        return "[{" + ", ".join(f"{key}: {value!r}" for key, value in given.items()) + "}]"

    fails = [f"{MIN}0.9"]
    yield make("waived on its last day", "pass: pass", fails, waivers=waiver())
    yield make("not waived on the day it expires", "fail: fail", fails, waivers=waiver(expires="2026-06-15"))
    yield make("not waived after it", "fail: fail", fails, waivers=waiver(expires="2026-01-01"))
    yield make("inconclusive and waived", "pass: pass", [f"{MIN}0.84"], waivers=waiver())
    yield make("an error is not waived", "error: error", [f"{MIN}0.84"], [], waivers=waiver())
    yield make(
        "an expired waiver of an error",
        "error: error",
        [f"{MIN}0.84"],
        [],
        waivers=waiver(expires="2026-01-01"),
    )
    yield make("a pass needs no waiver", "pass: pass", [OK], waivers=waiver())
    yield make(
        "a skipped rule needs none",
        "pass: skipped pass",
        [f"{NI}0.02", OK],
        waivers=waiver(),
        header_baseline=None,
        baseline="{on_missing: skip}",
    )
    rows = [site(1, value=0.6, low=0.5, high=0.7), site(2, value=0.6, low=0.5, high=0.7)]
    every = [f"{MIN}0.9, slice: site"]
    yield make("of one slice", "fail: pass fail", every, rows, waivers=waiver(slice="site=1"))
    yield make(
        "of a slice that is not judged", "fail: fail fail", every, rows, waivers=waiver(slice="site=9")
    )
    both = waiver(slice="site=1")[:-1] + ", " + waiver(slice="site=2")[1:]
    yield make("of each", "pass: pass pass", every, rows, waivers=both)
    yield make("of another rule", "fail: fail pass", [*fails, OK], waivers=waiver(rule="r1"))
    named = waiver(slice="all")[:-1] + ", " + waiver(owner="Bob")[1:]
    yield make("the one that names the slice comes first", "pass: pass", fails, waivers=named)
    broken = [*rows, site(3, candidate=NotComputable("why", 3))]
    yield make(
        "of a slice with an error beside failures",
        "error: pass fail error",
        every,
        broken,
        waivers=waiver(slice="site=1"),
    )


def overall():
    nothing = "error: "
    yield make("no rule", nothing, [])
    yield make("only warnings", "error: pass", [f"{OK}, severity: warn"])
    yield make("a failing warning", "pass: pass fail", [OK, f"{MIN}0.9, severity: warn"])
    yield make(
        "a broken warning", "pass: pass error", [OK, "type: min, metric: f1, value: 0.5, severity: warn"]
    )
    yield make("an inconclusive warning", "pass: pass inconclusive", [OK, f"{MIN}0.85, severity: warn"])
    yield make("inconclusive that only warns", "pass: pass inconclusive", [OK, f"{MIN}0.85{WARN}"])
    yield make(
        "inconclusive by default",
        "pass: pass inconclusive",
        [OK, f"{MIN}0.85"],
        defaults="{on_inconclusive: warn}",
    )
    yield make(
        "inconclusive against the default",
        "inconclusive: pass inconclusive",
        [OK, f"{MIN}0.85, on_inconclusive: block"],
        defaults="{on_inconclusive: warn}",
    )
    yield make("nothing shown", "inconclusive: inconclusive", [f"{MIN}0.85{WARN}"])
    yield make(
        "nothing shown beside a coverage",
        "inconclusive: inconclusive pass",
        [f"{MIN}0.85{WARN}", "type: coverage, min_n: 1"],
    )
    yield make(
        "nothing shown beside a passing warning",
        "inconclusive: inconclusive pass",
        [f"{MIN}0.85{WARN}", f"{OK}, severity: warn"],
    )
    yield make(
        "nothing shown beside an inconclusive warning",
        "inconclusive: inconclusive inconclusive",
        [f"{MIN}0.85{WARN}", f"{MIN}0.85, severity: warn"],
    )
    yield make(
        "nothing shown beside a failing coverage",
        "fail: inconclusive fail",
        [f"{MIN}0.85{WARN}", "type: coverage, min_n: 999"],
    )
    yield make(
        "nothing shown, one blocks by itself",
        "inconclusive: inconclusive inconclusive",
        [f"{MIN}0.85{WARN}", f"{MIN}0.86"],
    )
    yield make(
        "nothing shown, and the rest skipped",
        "inconclusive: inconclusive skipped",
        [f"{MIN}0.85{WARN}", f"{NI}0.02"],
        header_baseline=None,
        baseline="{on_missing: skip}",
    )
    yield make("a coverage alone", "pass: pass", ["type: coverage, min_n: 1"])
    yield make("fail before inconclusive", "fail: inconclusive fail", [f"{MIN}0.85", f"{MIN}0.9"])
    yield make("error before fail", "error: fail error", [f"{MIN}0.9", "type: min, metric: f1, value: 0.5"])
    skips = "type: min, metric: accuracy, value: 0.5, slice: night, on_missing_slice: skip"
    yield make("all skipped", "error: skipped", [skips])
    yield make("all that block skipped", "error: skipped pass", [skips, f"{OK}, severity: warn"])
    yield make("one skipped", "pass: skipped pass", [skips, OK])
    yield make(
        "skipped for want of a champion",
        "pass: skipped",
        [f"{NI}0.02"],
        header_baseline=None,
        baseline="{on_missing: skip}",
    )
    yield make(
        "skipped for want of both",
        "error: skipped skipped",
        [f"{NI}0.02", skips],
        header_baseline=None,
        baseline="{on_missing: skip}",
    )
    yield make("no champion is an error", "error: error", [f"{NI}0.02"], header_baseline=None)
    yield make(
        "other samples",
        "error: error",
        [f"{NI}0.02"],
        header_same_samples=False,
        header_sample_problems=["order"],
    )
    yield make("perhaps other samples", "error: error", [f"{NI}0.02"], header_same_samples=None)
    order = [site(10), site(2), site("b"), site(1)]
    yield make("slices in their natural order", "pass: pass pass pass pass", [f"{OK}, slice: site"], order)
    mixed = [site(2), site(1, candidate=NotComputable("why", 3))]
    yield make("errors in the place of their slice", "error: error pass", [f"{OK}, slice: site"], mixed)


def conformity():
    for key, value in {"seed": 8, "replicates": 999, "confidence": 0.9, "group": "patient"}.items():
        yield make(f"another {key}", "error: pass", [OK], **{f"header_{key}": value})
    for key in ("seed", "replicates", "confidence"):
        yield make(f"no {key}", "error: pass", [OK], **{f"header_{key}": None})
    yield make("confidence as a text", "error: pass", [OK], header_confidence="0.95")
    yield make("confidence a hair off", "pass: pass", [OK], header_confidence=0.95 + 1e-12)
    yield make("a confidence that is none", "error: pass", [OK], header_confidence=NAN)
    yield make("more replicates", "pass: pass", [OK], header_replicates=1001)
    yield make("replicates as a text", "error: pass", [OK], header_replicates="1000")
    yield make(
        "a group that the policy names", "pass: pass", [OK], header_group="scene", dataset="{group: scene}"
    )
    yield make("the policy's task", "pass: pass", [OK], task="classification")
    yield make("another task", "error: pass", [OK], task="classification", header_task="segmentation")
    point = {"score": 0.5, "iou": 0.5, "geometry": "box"}
    recall = "type: min, metric: recall, value: 0.5"
    detector = {"rows": [row(metric="recall")], "header_task": "detection"}
    yield make("the operating point", "pass: pass", [recall], header_detection=point, **detector)
    yield make(
        "another operating point", "error: pass", [recall], header_detection=point | {"iou": 0.6}, **detector
    )
    yield make("an operating point of no detector", "pass: pass", [OK], header_detection={"iou": 0.6})
    limited = {"dataset": "{max_uses: 3}", "header_replicates": 10**6}
    spent = 1 - 6 * 0.05 / (3.141592653589793 * 3) ** 2
    yield make("the last use", "pass: pass", [OK], use=3, header_confidence=spent, **limited)
    yield make("one use too many", "error: pass", [OK], use=4, header_confidence=spent, **limited)
    yield make("a use measured at alpha", "error: pass", [OK], use=3, **limited)
    yield make("a use that is not counted", "error: pass", [OK], **limited)
    yield make("a use of an unlimited set", "pass: pass", [OK], use=9)
    yield make("a row twice", "error: pass", [OK], [row(), row()])
    yield make("measured as asked", "pass: pass", [f"{OK}, slice: site"], [site(1)], slices=SITES)
    yield make(
        "measured otherwise",
        "error: error",
        [f"{OK}, slice: site"],
        [site(1)],
        slices={"site": {"by": ["place"]}},
    )


def completeness():
    rule = f"{OK}, slice: site"
    whole = {"slices": SITES, "header_dataset": DATASET | {"labelled": 500}}
    yield make("all that is labelled", "pass: pass pass", [rule], [site(1), site(2, n=100)], **whole)
    yield make("not all that is labelled", "error: error", [rule], [site(1)], **whole)
    yield make("a count that is not known", "pass: pass", [rule], [site(1)], slices=SITES)
    yield make("no data set", "pass: pass", [rule], [site(1)], slices=SITES, header_dataset=None)
    night = {"slices": {"night": {"where": "light == 'night'"}}, "header_dataset": whole["header_dataset"]}
    yield make("a part by predicate", "pass: pass", [f"{OK}, slice: night"], [row("night")], **night)
    skips = f"{OK}, slice: night, on_missing_slice: skip"
    yield make("a predicate without its row", "error: error", [skips], [row()], **night)
    bug = {"slices": {"bug": {"ids": ["a", "b"]}}, "header_dataset": whole["header_dataset"]}
    yield make("a frozen part", "pass: pass", [f"{OK}, slice: bug"], [row("bug")], **bug)
    nothing = [OK, f"{rule}, on_missing_slice: skip"]
    yield make("an axis without rows", "pass: pass skipped", nothing, [row()], slices=SITES)
    sizes = {"o": {"level": "object", "by": ["size"]}}
    recall = "type: min, metric: recall, value: 0.5, slice: o"
    objects = {"slices": sizes, "header_dataset": whole["header_dataset"]}
    specs = "{o: {level: object, by: [size]}}"
    measured = [row("o=1", metric="recall")]
    yield make("objects are no samples", "pass: pass", [recall], measured, specs=specs, **objects)
    yield make("nothing was asked", "error: error", [rule], [site(1)], slices=SITES, header_asked=None)
    yield make(
        "something strange was asked",
        "error: error",
        [rule],
        [site(1)],
        slices=SITES,
        header_asked={"site": 3},
    )


def ratchet():
    suite = "{fog: {because: x, expect: {metric: accuracy, min: 0.5}, samples: [a, b]}}"
    most = "{fog: {because: x, expect: {metric: log_loss, max: 0.5}, samples: [a, b]}}"

    def fog(value, champion, **parts):
        return row("scenario:fog", value, 0.0, 1.0, 2, champion=champion, difference=None, **parts)

    rule = "type: scenario"
    for value, champion, kept, every in (
        (0.5, 0.5, "pass", "pass"),
        (0.4, 0.5, "fail", "fail"),
        (0.4, 0.4, "skipped", "fail"),
        (0.6, 0.4, "pass", "pass"),
    ):
        rows = [row(), fog(value, champion)]
        verdict = {"skipped": "pass"}.get(kept, kept)
        yield make(f"{value} after {champion}", f"{verdict}: {kept} pass", [rule, OK], rows, scenarios=suite)
        yield make(f"all: {value}", f"{every}: {every}", [f"{rule}, require: all"], rows, scenarios=suite)
        loss = [row(), fog(1 - value, 1 - champion, **LOSS)]
        yield make(f"most {value}", f"{verdict}: {kept} pass", [rule, OK], loss, scenarios=most)
    yield make("a scenario that is absent", "error: error", [rule], scenarios=suite)
    yield make(
        "a sample that was not measured", "error: error", [rule], [fog(1.0, 1.0, size=1)], scenarios=suite
    )
    yield make("a value that is none", "error: error", [rule], [fog(NAN, 1.0)], scenarios=suite)
    yield make("a champion that is none", "error: error", [rule], [fog(1.0, NAN)], scenarios=suite)
    yield make(
        "a champion that is none where all count",
        "pass: pass",
        [f"{rule}, require: all"],
        [fog(1.0, NAN)],
        scenarios=suite,
    )
    yield make(
        "a value that is none where all count",
        "error: error",
        [f"{rule}, require: all"],
        [fog(NAN, 1.0)],
        scenarios=suite,
    )
    yield make(
        "a champion that is absent", "error: error", [rule], [fog(1.0, 1.0, baseline=None)], scenarios=suite
    )
    yield make("no champion", "error: error", [rule], [fog(1.0, 1.0)], scenarios=suite, header_baseline=None)
    yield make(
        "no champion where all count",
        "pass: pass",
        [f"{rule}, require: all"],
        [fog(1.0, 1.0)],
        scenarios=suite,
        header_baseline=None,
    )
    yield make(
        "another list",
        "error: error",
        [rule],
        [fog(1.0, 1.0)],
        scenarios=suite,
        slices={"scenario:fog": {"ids": ["a"]}},
    )
    of_class = suite.replace("accuracy", "recall, class: sound")
    yield make(
        "a class", "pass: pass", [rule], [fog(1.0, 1.0, metric="recall", class_="sound")], scenarios=of_class
    )
    yield make("a class that was not measured", "error: error", [rule], [fog(1.0, 1.0)], scenarios=of_class)


CASES = tuple(
    case
    for group in (
        bounds,
        margins,
        regressions,
        families,
        checks,
        unsound,
        waivers,
        overall,
        conformity,
        completeness,
        ratchet,
    )
    for case in group()
)
