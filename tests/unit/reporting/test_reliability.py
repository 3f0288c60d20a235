from xml.etree import ElementTree as ET

from seatrial.reporting import reliability_diagram

SVG = "{http://www.w3.org/2000/svg}"
BINS = [
    {"low": 0.0, "high": 0.5, "n": 0, "confidence": None, "accuracy": None},
    {"low": 0.5, "high": 0.75, "n": 40, "confidence": 0.6, "accuracy": 0.5},
    {"low": 0.75, "high": 1.0, "n": 60, "confidence": 0.9, "accuracy": 0.95},
]


def test_every_filled_bin_is_drawn_with_its_interval_and_count_on_hover():
    tree = ET.fromstring(reliability_diagram(BINS, 0.95, title="Reliability"))
    groups = list(tree.iter(f"{SVG}g"))
    assert len(groups) == 2
    assert groups[0].find(f"{SVG}title").text.replace("\u202f", " ") == (
        "confidence 50 % to 75 %: right 50.0 %, 95 % interval 35.2 to 64.8 %, says 60.0 %, n = 40"
    )


def test_no_filled_bin_is_an_empty_diagram():
    assert "<circle" not in reliability_diagram(BINS[:1], 0.95, title="Reliability")
