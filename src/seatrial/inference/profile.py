"""Where the time of an evaluation went, what binds it, and what to change."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch

from seatrial.evaluation.table import PROFILE
from seatrial.files import read_json, write_text
from seatrial.inference.device import available_cores, describe_device
from seatrial.inference.load import LoadedModel
from seatrial.inference.stages import Stage, Stages

__all__ = ["Profile", "read_profiles", "write_profiles"]

_THREADS: tuple[Stage, ...] = ("read", "decode")
_MAIN: tuple[Stage, ...] = ("waiting", "copy", "forward", "write")

Limit = Literal["read", "decode", "copy", "forward", "launch", "write"]

#: Share of the time above which a GPU counts as busy: what remains is worth less than the trouble.
_BUSY = 0.9


@dataclass(frozen=True, slots=True)
class Profile:
    """What a run took.

    Attributes:
        images: Images that were evaluated, or found to be broken.
        seconds: From the first image to the written evaluation.
        start_seconds: Before that: the data set is read, the model loaded and checked.
        main: Seconds of the main thread by stage: ``waiting`` for decoded images, ``copy`` (stacking, to the
            device, normalising), ``forward`` (the model, reading its output, waiting for a GPU), ``write``
            (checking results, putting them aside, the tables).
        threads: Seconds of all threads together by stage: ``read`` and ``decode`` (with measuring and
            fitting).
        workers: Threads that read and decode.
        batch_size: Images in a batch at the end.
        device: What computes.
        on_processor: Whether that is the processor.
        precision: In which type.
        cores: Cores that the process may use.
        gpu_seconds: Time that a GPU computed by its own clock; None where there is none.
        gpu_bytes: Memory of the GPU at its peak; None where there is none.
    """

    images: int
    seconds: float
    start_seconds: float
    main: Mapping[str, float]
    threads: Mapping[str, float]
    workers: int
    batch_size: int
    device: str
    on_processor: bool
    precision: str
    cores: int
    gpu_seconds: float | None = None
    gpu_bytes: int | None = None

    @classmethod
    def of(
        cls,
        stages: Stages,
        model: LoadedModel,
        *,
        images: int,
        start_seconds: float,
        workers: int,
        batch_size: int,
    ) -> "Profile":
        """Sum up a run that is done."""
        network = model.network
        on_gpu = network.device.type == "cuda"
        return cls(
            images=images,
            seconds=stages.elapsed,
            start_seconds=start_seconds,
            main={stage: stages.seconds(stage) for stage in _MAIN},
            threads={stage: stages.seconds(stage) for stage in _THREADS},
            workers=workers,
            batch_size=batch_size,
            device=describe_device(network.device),
            on_processor=network.on_processor,
            precision=network.precision,
            cores=available_cores(),
            gpu_seconds=stages.device_seconds,
            gpu_bytes=torch.cuda.max_memory_allocated(network.device) if on_gpu else None,
        )

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / max(self.seconds, 1e-9)

    @property
    def shares(self) -> dict[str, float]:
        """Share of the time that each stage takes: of the main thread's, or of that of all threads."""
        wall = max(self.seconds, 1e-9)
        threads = {stage: spent / wall / self.workers for stage, spent in self.threads.items()}
        return {**threads, **{stage: spent / wall for stage, spent in self.main.items()}}

    @property
    def binds(self) -> Limit:
        """The stage that the run would be faster without."""
        most = max(self.main, key=lambda stage: self.main[stage])
        if most == "waiting":
            return "read" if self.threads["read"] > self.threads["decode"] else "decode"
        if most == "forward" and self.gpu_seconds is not None and self.gpu_seconds < _BUSY * self.main[most]:
            return "launch"
        return cast("Limit", most)

    @property
    def advice(self) -> str:
        """What to change."""
        of_limit = [(applies, text) for limit, applies, text in _ADVICE if limit == self.binds]
        text = next(text for applies, text in of_limit if applies(self))
        return text.format(workers=self.workers, cores=self.cores)

    def as_json(self) -> dict[str, Any]:
        """Give everything, and what follows from it."""
        shares = self.shares
        stages = {
            name: {"seconds": round(spent, 4), "share": round(shares[name], 4)}
            for name, spent in {**self.threads, **self.main}.items()
        }
        fields = asdict(self)
        for name in ("main", "threads"):
            del fields[name]
        rounded = {name: round(one, 4) if isinstance(one, float) else one for name, one in fields.items()}
        said = {"images_per_second": round(self.rate, 2), "binds": self.binds, "advice": self.advice}
        return {**rounded, "stages": stages, **said}

    def lines(self) -> list[str]:
        """Say it for people."""
        shares = self.shares
        lines = [f"{self.images} images in {self.seconds:.1f} s: {self.rate:.3g} images/s on {self.device}"]
        for stage, spent in self.threads.items():
            lines.append(f"  {stage:8} {spent:8.2f} s {shares[stage]:5.0%} of {self.workers} threads")
        for stage, spent in self.main.items():
            lines.append(f"  {stage:8} {spent:8.2f} s {shares[stage]:5.0%}")
        if self.gpu_seconds is not None:
            share = self.gpu_seconds / max(self.seconds, 1e-9)
            lines.append(f"  GPU busy {self.gpu_seconds:8.2f} s {share:5.0%}")
        lines.append(f"  start    {self.start_seconds:8.2f} s before the first image")
        lines.append(f"{_BINDS[self.binds]}: {self.advice}")
        return lines


_BINDS: dict[Limit, str] = {
    "read": "reading binds",
    "decode": "decoding binds",
    "copy": "copying binds",
    "forward": "the model binds",
    "launch": "launching binds",
    "write": "writing binds",
}


def _always(_profile: Profile) -> bool:
    return True


#: What to change by what binds; of several for one limit the first that applies.
_ADVICE: tuple[tuple[Limit, Callable[[Profile], bool], str], ...] = (
    ("read", _always, "bring the data nearer to the machine, or more --workers, whose reads overlap"),
    (
        "decode",
        lambda one: one.workers < one.cores,
        "more --workers: {workers} threads decode, and there are {cores} cores",
    ),
    (
        "decode",
        lambda one: one.gpu_seconds is not None,
        "decode on the GPU (model option decode: device), smaller images, or more cores",
    ),
    ("decode", _always, "smaller images, or more cores"),
    ("copy", _always, "a smaller input of the model (model option preprocess)"),
    ("launch", _always, "a larger --batch-size, or --compile: the GPU waits for what it is told"),
    (
        "forward",
        lambda one: one.on_processor,
        "a GPU, more cores, or a smaller input of the model (model option preprocess)",
    ),
    (
        "forward",
        lambda one: one.precision == "float32",
        "--precision bfloat16, where the model bears it, or more GPUs (--processes)",
    ),
    ("forward", _always, "--compile, or more GPUs (--processes): this one is busy"),
    ("write", _always, "a faster disk for --out; no embeddings (model option) where nobody needs them"),
)


def write_profiles(folder: Path, profiles: Iterable[Mapping[str, Any]]) -> None:
    """Write the profiles of the processes of an evaluation beside its tables."""
    text = json.dumps({"schema_version": 1, "processes": list(profiles)}, indent=2, ensure_ascii=False)
    write_text(folder / PROFILE, text + "\n")


def read_profiles(folder: Path) -> list[dict[str, Any]]:
    """Read what :func:`write_profiles` wrote."""
    found: list[dict[str, Any]] = read_json(folder / PROFILE, "evaluate-model --profile writes it")[
        "processes"
    ]
    return found
