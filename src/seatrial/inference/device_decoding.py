"""Decode JPEG files where the model computes: with nvJPEG on a GPU, by way of torchvision."""

import io
import threading
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, pad

from seatrial.images import decode_image, image_properties, pixels_of
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import NO_PIXELS, DecodedImage, Opened, ReadTruth, decode_by
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import fit_image, place
from seatrial.inference.stages import Stages

__all__ = ["DeviceDecoder", "fit_tensor"]

_ORIENTATION = 0x0112
_END = b"\xff\xd9"

#: As many bytes at the end of a file may follow the image: some cameras fill up.
_TRAILING = 4096


class DeviceDecoder:
    """Decodes and fits images on a device; a decoder as :func:`~seatrial.inference.decoding.decode` is one.

    JPEG files of three colours that stand upright are decoded on the device. Others are decoded by Pillow,
    and so is what the device cannot decode, so that what is unreadable has the same reason everywhere. The
    pixels come back to be measured, which the processor does.

    Args:
        device: Where pixels are decoded and stay.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._of_thread = threading.local()
        # torchvision announces another package; filtered for good: to restore filters would race with threads
        warnings.filterwarnings("ignore", message=r"The image decoding and encoding capabilities")

    def __call__(
        self,
        row: ImageRow,
        preprocess: Preprocess,
        read_truth: ReadTruth | None = None,
        stages: Stages | None = None,
    ) -> DecodedImage:
        """Read, decode, measure and fit one image; what is wrong with it is recorded, never raised."""

        def opened(data: bytes) -> Opened:
            fitted, pixels = self._decoded(data, preprocess)
            height, width = pixels.shape[:2]
            return (width, height), lambda: DecodedImage(
                NO_PIXELS, image_properties(pixels), on_device=fitted
            )

        return decode_by(opened, row, read_truth, stages or Stages())

    def _decoded(self, data: bytes, preprocess: Preprocess) -> tuple[Tensor, NDArray[np.uint8]]:
        """Give the fitted pixels on the device, and those of the whole image here."""
        if _suits(data):
            try:
                return self._on_device(data, preprocess)
            except RuntimeError:  # whatever the decoder stumbles over: Pillow has the last word
                pass
        image, _ = decode_image(data)
        fitted = torch.from_numpy(np.array(fit_image(image, preprocess)))
        return fitted.to(self._device), pixels_of(image)

    def _on_device(self, data: bytes, preprocess: Preprocess) -> tuple[Tensor, NDArray[np.uint8]]:
        from torchvision.io import ImageReadMode, decode_jpeg

        encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        if self._device.type != "cuda":
            whole = decode_jpeg(encoded, mode=ImageReadMode.RGB, device=self._device)
            return fit_tensor(whole, preprocess), whole.permute(1, 2, 0).contiguous().numpy()
        queue = self._queue()  # not the one on which the model computes: nobody waits for it
        with torch.cuda.stream(queue):
            whole = decode_jpeg(encoded, mode=ImageReadMode.RGB, device=self._device)
            fitted = fit_tensor(whole, preprocess)
            upright = whole.permute(1, 2, 0).contiguous()
            pixels = torch.empty(upright.shape, dtype=torch.uint8, pin_memory=True)
            pixels.copy_(upright, non_blocking=True)
        queue.synchronize()
        return fitted, pixels.numpy()

    def _queue(self) -> torch.cuda.Stream:
        """Give this thread's own queue of work."""
        if not hasattr(self._of_thread, "queue"):
            # torch gives the constructor no types
            self._of_thread.queue = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        queue: torch.cuda.Stream = self._of_thread.queue
        return queue


def fit_tensor(pixels: Tensor, preprocess: Preprocess) -> Tensor:
    """Do as :func:`~seatrial.inference.preprocess.fit` on the pixels' device.

    Args:
        pixels: Shape (3, height, width), uint8.
        preprocess: The sizes and the interpolation.

    Returns:
        Shape (height, width, 3), uint8; within 2 of 255 of what ``fit`` gives, which rounds between its two
        passes.
    """
    height, width = pixels.shape[1:]
    placed = place((width, height), preprocess)
    if placed.resized != (width, height):
        wide, high = placed.resized
        resized = interpolate(
            pixels[None].float(),
            (high, wide),
            mode=preprocess.interpolation,
            align_corners=False,
            antialias=True,
        )
        pixels = resized[0].round_().clamp_(0, 255).to(torch.uint8)
    if (placed.left, placed.top, placed.frame) != (0, 0, placed.resized):
        fill = 0 if preprocess.letterbox is None else preprocess.letterbox.fill
        right = placed.frame[0] - placed.left - placed.resized[0]
        bottom = placed.frame[1] - placed.top - placed.resized[1]
        pixels = pad(pixels, (placed.left, right, placed.top, bottom), value=fill)  # less than 0 cuts off
    return pixels.permute(1, 2, 0).contiguous()


def _suits(data: bytes) -> bool:
    """Tell whether the device gets the same image from a file as Pillow: whole, of three colours, upright."""
    if _END not in data[-_TRAILING:]:
        return False  # Pillow refuses what was cut off, the device would fill it with grey
    try:
        with Image.open(io.BytesIO(data)) as image:
            return (image.format, image.mode) == ("JPEG", "RGB") and image.getexif().get(_ORIENTATION, 1) == 1
    except Exception:  # noqa: BLE001 - damaged headers raise anything; Pillow's own decoding names the reason
        return False
