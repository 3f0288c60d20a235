"""OpenCLIP models from files: images and texts in one space. Nothing is ever downloaded."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.digests import digest_file, digest_json, digest_tree
from seatrial.errors import InputError, MissingExtraError, ModelError
from seatrial.inference.options import Preprocess
from seatrial.spelling import did_you_mean

__all__ = ["OPEN_CLIP", "OpenClip", "load_open_clip"]

#: Prefix of a model of OpenCLIP.
OPEN_CLIP = "open_clip:"

_CONFIG = "open_clip_config.json"
_REMOTE = ("hf-hub:", "local-dir:")


@dataclass(frozen=True)
class OpenClip:
    """A model that sees images and reads texts.

    Attributes:
        name: Its name at OpenCLIP, or the folder that holds it.
        module: The model.
        tokenizer: Turns texts into tokens.
        preprocess: How an image becomes its input.
        digest: Digest of its weights and of what it is called.
    """

    name: str
    module: Any
    tokenizer: Any
    preprocess: Preprocess
    digest: str

    def embed_images(self, pixels: Tensor | list[Tensor]) -> dict[str, Tensor]:
        """Embed normalised pixels, shape (n, 3, height, width)."""
        stacked = torch.stack(pixels) if isinstance(pixels, list) else pixels
        return {"embeddings": self.module.encode_image(stacked)}

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts, shape (n, width), float32."""
        device = next(self.module.parameters()).device
        with torch.inference_mode():
            found = self.module.encode_text(self.tokenizer(list(texts)).to(device))
        return np.asarray(found.float().cpu().numpy())


def load_open_clip(name: str, weights: Path | None, device: torch.device | str) -> OpenClip:
    """Load a model of OpenCLIP.

    Args:
        name: One of OpenCLIP's names, e.g. ``ViT-B-32``, or a folder with ``open_clip_config.json`` and the
            weights, as OpenCLIP saves a model.
        weights: The checkpoint of a model that is named; None for a folder.
        device: Where to run it.

    Raises:
        InputError: There is no such model or file, or no weights are named.
        ModelError: The weights do not fit, or the model needs files that are not here.
        MissingExtraError: OpenCLIP is not installed.
    """
    try:
        import open_clip
    except ImportError as error:
        raise MissingExtraError("open_clip", "text") from error
    source, checkpoint, digest = _source(open_clip, name, weights)
    try:
        with _quiet(), torch.random.fork_rng():
            module = open_clip.create_model(
                source,
                pretrained=checkpoint,
                device=device,
                pretrained_image=False,
                pretrained_text=False,
                require_pretrained=True,
            )
            tokenizer = open_clip.get_tokenizer(source)
    except Exception as error:  # its loaders raise whatever the file leads to
        reason = " ".join(str(error).split())
        raise ModelError(f"OpenCLIP model {name}: cannot be loaded: {reason}") from error
    module.eval()
    return OpenClip(name, module, tokenizer, _preprocess(module), digest)


def _source(open_clip: Any, name: str, weights: Path | None) -> tuple[str, str | None, str]:
    """Give what OpenCLIP calls it, its checkpoint and a digest."""
    folder = Path(name)
    if name.startswith(_REMOTE):
        raise InputError(
            f"OpenCLIP model {name!r}: expected one of OpenCLIP's names with --weights FILE, or a folder; "
            "nothing is downloaded"
        )
    if folder.is_dir():
        if weights is not None:
            raise InputError(f"OpenCLIP model {name}: a folder holds its own weights, got {weights} too")
        if not (folder / _CONFIG).is_file():
            raise InputError(f"OpenCLIP model {name}: there is no {_CONFIG} in the folder")
        return f"local-dir:{folder}", None, digest_tree(folder)
    known = open_clip.list_models()
    if name not in known:
        raise InputError(
            f"OpenCLIP model {name!r}: no folder and not one of OpenCLIP's {len(known)} names"
            f"{did_you_mean(name, known)}"
        )
    if weights is None:
        raise InputError(
            f"OpenCLIP model {name!r}: name its weights, a checkpoint file, with --weights; nothing is "
            "downloaded"
        )
    if not weights.is_file():
        raise InputError(f"OpenCLIP model {name!r}: no such file of weights: {weights}")
    _check_offline(open_clip.get_model_config(name), name)
    return name, str(weights), digest_json({"name": name, "weights": digest_file(weights)})


def _check_offline(config: Any, name: str) -> None:
    """Refuse a model whose text tower would fetch files from a hub."""
    text = config.get("text_cfg", {})
    needs = text.get("hf_tokenizer_name") or text.get("hf_model_name")
    if needs:
        raise ModelError(
            f"OpenCLIP model {name!r} reads texts with {needs!r}, which would be downloaded: save it as a "
            f"folder with {_CONFIG}, weights and tokenizer, and name that"
        )


def _preprocess(module: Any) -> Preprocess:
    """Say how the model is fed: the shorter side to its size, a centre crop, its own mean and deviation."""
    settings = getattr(module.visual, "preprocess_cfg", {})
    size = settings.get("size", getattr(module.visual, "image_size", 224))
    height, width = (size, size) if isinstance(size, int) else tuple(size)
    interpolation = "bilinear" if settings.get("interpolation") == "bilinear" else "bicubic"
    squash = settings.get("resize_mode") == "squash" or height != width
    return Preprocess(
        resize=(height, width) if squash else height,
        crop=None if squash else height,
        mean=tuple(settings.get("mean", (0.48145466, 0.4578275, 0.40821073))),
        std=tuple(settings.get("std", (0.26862954, 0.26130258, 0.27577711))),
        interpolation=interpolation,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCLIP from logging what it raises, and reports, anyway."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(before)
