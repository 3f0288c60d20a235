"""Check ``odd_files``: images that are stored in a way that other programs read differently."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.measured import MeasuredDataset

__all__ = ["odd_files"]

#: Suffixes that stand for each format, where they promise one at all.
_SUFFIXES = {
    "BMP": {".bmp", ".dib"},
    "GIF": {".gif"},
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "MPO": {".mpo", ".jpg", ".jpeg"},
    "PNG": {".png", ".apng"},
    "PPM": {".ppm", ".pgm", ".pbm", ".pnm"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
}
_PROMISED = {suffix for suffixes in _SUFFIXES.values() for suffix in suffixes}

#: What happens to pixels of modes other than RGB and L, by the beginning of the mode's name.
_MODES: tuple[tuple[str, str, Severity, str], ...] = (
    ("CMYK", "cmyk", "warning", "are CMYK: their colours are converted without a profile"),
    ("I", "16_bit", "warning", "hold 16 or 32 bits a pixel: they are scaled down to 8"),
    ("F", "16_bit", "warning", "hold 16 or 32 bits a pixel: they are scaled down to 8"),
    ("P", "palette", "info", "hold a palette: its colours are looked up"),
    ("RGBA", "transparent", "info", "can be transparent: what lies below is shown"),
    ("LA", "transparent", "info", "can be transparent: what lies below is shown"),
    ("La", "transparent", "info", "can be transparent: what lies below is shown"),
    ("1", "one_bit", "info", "are black and white"),
)


def odd_files(given: CheckInput) -> Found:
    """Report images whose storage is odd, one finding a kind, with all images of that kind.

    That is: the bytes are of another format than the name says; CMYK, 16 bits, a palette, transparency;
    several frames, of which the first is looked at; an EXIF orientation, which is applied. The score is their
    number.
    """
    data = given.needs_images()
    found: defaultdict[tuple[str, Severity, str], list[tuple[str, str]]] = defaultdict(list)
    for one, kind, severity, what, case in _oddities(data):
        found[kind, severity, what].append((one, case))
    return Found(
        tuple(
            Finding(
                "odd_files",
                severity,
                f"{len(cases)} images {what}: {examples([case for _, case in cases])}",
                tuple(one for one, _ in cases),
                float(len(cases)),
                {"kind": kind, "count": len(cases)},
            )
            for (kind, severity, what), cases in found.items()
        )
    )


def _oddities(data: MeasuredDataset) -> Iterator[tuple[str, str, Severity, str, str]]:
    columns = [data.images.column(name).to_pylist() for name in ("format", "mode", "frames", "orientation")]
    for one, uri, stored, mode, frames, turned in zip(data.ids, data.strings("uri"), *columns, strict=True):
        if stored is None:
            continue
        suffix = PurePosixPath(urlsplit(uri or "").path if "://" in (uri or "") else uri or "").suffix.lower()
        if suffix in _PROMISED and suffix not in _SUFFIXES.get(stored, ()):
            what = (
                "are of another format than their names say, which programs that go by the name cannot read"
            )
            yield one, "wrong_extension", "warning", what, f"{one} is {stored}"
        for begin, kind, severity, what in _MODES:
            if mode.startswith(begin):
                yield one, kind, severity, what, one
                break
        if frames > 1:
            what = "hold several frames or pages, of which the first is looked at"
            yield one, "animated", "warning", what, f"{one} holds {frames}"
        if turned != 1:
            what = "are turned by their EXIF orientation, which other programs may ignore"
            yield one, "turned", "info", what, f"{one} by orientation {turned}"
