"""The batched run that explains: decode, score, map, blank, measure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seatrial.errors import InputError, ModelError
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import DecodedImage, ReadTruth, decode_ahead
from seatrial.inference.device import available_cores, is_out_of_memory, reproducible
from seatrial.inference.forward import Forward
from seatrial.inference.load import LoadedModel
from seatrial.inference.preprocess import place
from seatrial.inference.saliency.blanking import Blanking, Tried, attempt
from seatrial.inference.saliency.gradients import activation_maps, input_maps
from seatrial.inference.saliency.maps import cells, resized, shares
from seatrial.inference.saliency.request import Request, placed_core
from seatrial.inference.saliency.scores import Asked, scores_of
from seatrial.inference.saliency.taps import Taps
from seatrial.inference.saliency.windows import Windows
from seatrial.inference.tasks import TaskRun
from seatrial.inference.torch_network import TorchNetwork
from seatrial.progress import Advance

__all__ = ["METHODS", "ExplainOptions", "Explained", "Explainer", "Method"]

Method = Literal["auto", "activation", "gradient", "occlusion"]

METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """How saliency is computed.

    Attributes:
        method: ``activation`` (maps of the last layer that keeps places), ``gradient`` (of the pixels),
            ``occlusion`` (what blanking windows costs; forward passes alone), or ``auto``: the first of these
            that the model allows.
        layer: Name of the layer for ``activation``; None finds it.
        side: Cells along each side of a map, from 1 to 64.
        windows: Windows along each side that are blanked, from 2 to 32.
    """

    method: Method = "auto"
    layer: str | None = None
    side: int = 14
    windows: int = 7

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of its range.
        """
        for name, low, high in (("side", 1, 64), ("windows", 2, 32)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"option {name}: expected a number from {low} to {high}, got {value}")
        if self.layer is not None and self.method not in {"auto", "activation"}:
            raise InputError(f"option layer: method {self.method!r} uses no layer")


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of a request.

    Attributes:
        map: Cells of the salience, uint8, shape (side, side), the highest 255; None where the model gives no
            score to explain, or nothing speaks for it.
        core: Share of each cell that is core, of 255; None where nothing says what is core.
        core_area: Share of the input that is core; NaN without one.
        off_core: Share of the salience outside of the core; NaN where unknown.
        flip: What blanking all but the core adds to the truth's probability; NaN where unknown.
        patch_flip: The most that blanking a window adds to it; NaN where it was not tried.
        patch: That window: x, y, width, height as shares of the input; None where it was not tried.
        transplant: What pasting that window into other images adds to the target's probability there; NaN
            where it was not tried.
        layer: Where the map was taken from: a layer's name, ``pixels`` or ``windows``; empty without a map.
        failure: Why the image could not be explained; None where it could.
    """

    map: NDArray[np.uint8] | None = None
    core: NDArray[np.uint8] | None = None
    core_area: float = np.nan
    off_core: float = np.nan
    flip: float = np.nan
    patch_flip: float = np.nan
    patch: tuple[float, float, float, float] | None = None
    transplant: float = np.nan
    layer: str = ""
    failure: str | None = None


class Explainer:
    """Explains what one model does on images, batch by batch.

    Gradients are computed in single precision, whatever the model is evaluated in: half precision loses
    small ones. What blanking changes is computed as predictions are.

    Args:
        model: The model.
        task: What is made of its output.
        options: How.
        batch_size: Images in a batch to begin with; halved, for good, whenever memory is short.
        workers: Threads that decode.
        read_core: Decodes the images of codes that say what is core.
    """

    def __init__(
        self,
        model: LoadedModel,
        task: TaskRun,
        options: ExplainOptions,
        *,
        batch_size: int,
        workers: int,
        read_core: ReadTruth | None = None,
    ) -> None:
        self._model = model
        self._network = model.network
        self._scores = scores_of(task)
        self._forward = Forward(model, task)
        self._options = options
        self._workers = workers
        self._read_core = read_core
        self._module = self._network.module if isinstance(self._network, TorchNetwork) else None
        self.method = self._chosen()
        self._taps = self._prepared(self._module) if self.method == "activation" else None
        self.batch_size = min(batch_size, model.network.batch.high)
        self._blanking = Blanking(
            model, self._forward, self._scores, Windows(options.windows), self.batch_size
        )

    def _chosen(self) -> Method:
        """Choose a method that the kind of model allows."""
        asked = self._options.method
        if self._module is None:
            if asked in {"activation", "gradient"} or self._options.layer is not None:
                raise InputError(
                    f"method {asked!r}: model {self._model.uri} has no gradients; expected occlusion or auto"
                )
            return "occlusion"
        if isinstance(self._module, torch.jit.ScriptModule):
            if asked == "activation" or self._options.layer is not None:
                raise InputError(
                    f"method {asked!r}: the layers of a TorchScript program cannot be looked into; expected "
                    "gradient, occlusion or auto, or the model as a .pt2 file or weights with a factory"
                )
            return "gradient" if asked == "auto" else asked
        return "activation" if asked == "auto" else asked

    def _prepared(self, module: nn.Module | None) -> Taps:
        assert module is not None
        return Taps(module, self._options.layer)

    def run(
        self, requests: Sequence[Request], advance: Advance, references: Sequence[Request] = ()
    ) -> Iterator[Explained]:
        """Explain requests in their order.

        Args:
            requests: What is wanted.
            advance: Is told the number of requests that are done.
            references: What the model has right; windows are pasted into images of other classes among them.

        Raises:
            ModelError: The model fails, or does not fit into memory with a single image.
        """
        rows = [ImageRow(one.id, one.uri, one.mask) for one in requests]
        images = decode_ahead(
            rows,
            self._model.options.preprocess,
            workers=self._workers,
            ahead=2 * self.batch_size + self._workers,
            read_truth=self._read_core,
        )
        try:
            with reproducible(available_cores()):
                self._blanking.take_references(references)
                done = 0
                while done < len(requests):
                    part = requests[done : done + self.batch_size]
                    decoded = [next(images) for _ in part]
                    yield from self._batch(part, decoded)
                    done += len(part)
                    advance(len(part))
        finally:
            images.close()

    def _batch(self, requests: Sequence[Request], images: Sequence[DecodedImage]) -> list[Explained]:
        found = [Explained(failure=image.failure) for image in images]
        readable = [row for row, image in enumerate(images) if image.failure is None]
        for shape in sorted({images[row].pixels.shape for row in readable}):
            alike = [row for row in readable if images[row].pixels.shape == shape]
            while alike:
                part = alike[: self.batch_size]
                try:
                    results = self._explained([requests[row] for row in part], [images[row] for row in part])
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
                    self._back_off(len(part), error)
                    continue
                for row, result in zip(part, results, strict=True):
                    found[row] = result
                alike = alike[len(part) :]
        return found

    def _back_off(self, size: int, error: BaseException) -> None:
        if size == 1:
            raise ModelError(
                f"model {self._model.uri} does not fit into the memory of {self._network.device} with its "
                f"gradients, even for one image: {str(error).splitlines()[0]}"
            ) from error
        self.batch_size = self._blanking.batch_size = size // 2
        if self._network.device.type == "cuda":
            torch.cuda.empty_cache()

    def _explained(self, requests: Sequence[Request], images: Sequence[DecodedImage]) -> list[Explained]:
        """Explain images of one size."""
        asked = []
        for request, image in zip(requests, images, strict=True):
            placed = place(image.size, self._model.options.preprocess)
            asked.append(Asked(request, placed, placed_core(request, image, placed)))
        pixels = self._forward.on_device([image.pixels for image in images])
        asked += [asked[-1]] * (len(pixels) - len(asked))  # a fixed batch is filled up
        found, layers = self._maps(pixels, asked)
        occluding = self.method == "occlusion"
        flips = self._blanking.flips(pixels, asked, images)
        results = []
        for row, image in enumerate(images):
            tried = self._blanking.tried(pixels[row], asked[row], image, salience=occluding)
            salience = tried.salience if occluding else found[row]
            whole = None if salience is None else resized(salience, pixels.shape[2], pixels.shape[3])
            layer = "windows" if occluding else layers[row] or ""
            results.append(self._result(asked[row].core, whole, layer, float(flips[row]), tried))
        return results

    def _result(
        self, core: NDArray[np.bool_] | None, whole: Tensor | None, layer: str, flip: float, tried: Tried
    ) -> Explained:
        if whole is not None and not float(whole.sum()) > 0:
            whole = None  # nothing speaks for the target
        off_core = np.nan
        if whole is not None and core is not None:
            off_core = min(float(whole[torch.from_numpy(~core)].sum()) / float(whole.sum()), 1.0)
        side = self._options.side
        return Explained(
            None if whole is None else cells(whole, side),
            None if core is None else shares(torch.from_numpy(core), side),
            np.nan if core is None else float(core.mean()),
            off_core,
            flip,
            tried.patch_flip,
            None if tried.window is None else self._blanking.windows.box(tried.window),
            tried.transplant,
            layer if whole is not None else "",
        )

    def _maps(self, pixels: Tensor, asked: Sequence[Asked]) -> tuple[list[Tensor | None], list[str | None]]:
        """Explain by gradients: of a layer that keeps places, or else of the pixels."""
        nothing: tuple[list[Tensor | None], list[str | None]] = ([None] * len(asked), [None] * len(asked))
        if self.method == "occlusion":
            return nothing
        if self._taps is not None:
            with self._taps.taking():
                inputs, scores = self._scored(pixels, asked)
                taps = self._taps.of(len(pixels), *pixels.shape[2:])
            maps, layers = activation_maps(taps, scores)
            if any(layer is not None for layer in layers):
                return maps, layers
            if self._options.method == "activation" or self._options.layer is not None:
                return maps, layers
        inputs, scores = self._scored(pixels, asked)
        found = input_maps(inputs, scores)
        return found, [None if one is None else "pixels" for one in found]

    def _scored(self, pixels: Tensor, asked: Sequence[Asked]) -> tuple[Tensor, Tensor]:
        """Run the model so that its scores can be differentiated."""
        assert self._module is not None
        with torch.enable_grad(), torch.autocast(pixels.device.type, enabled=False):
            inputs = pixels.detach().clone().requires_grad_()
            given = list(inputs) if self._model.takes_list else inputs
            raw = attempt(self._model, self._module, given)
            return inputs, self._scores.explained(raw, asked)
