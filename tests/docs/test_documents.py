"""What the documents say exists: links lead somewhere, commands and options are there."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("components/**/README.md")]
)

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bseatrial ((?:[a-z]+-)*[a-z]+)((?:[^\n`]|\\\n)*)")


#: Verbs that have verbs of their own.
GROUPS = ("keys", "scenarios")


@cache
def _help(verb: str, *inner: str) -> str:
    command = [sys.executable, "-m", "seatrial", *([verb] if verb else []), *inner, "--help"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"COLUMNS": "200", "PATH": "/bin"}
    )
    return done.stdout if done.returncode == 0 else ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_relative_links_lead_to_files(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [one or other for one, other in LINK.findall(text)]
    local = [target.split("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    missing = [target for target in local if not (ROOT / document).parent.joinpath(target).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_commands_and_their_options_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    code = "\n".join(
        re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL) + re.findall(r"`(seatrial [^`]+)`", text)
    )
    for verb, rest in COMMAND.findall(code.replace("\\\n", " ")):
        inner = rest.split()[:1] if verb in GROUPS else []
        known = _help(verb, *inner)
        assert known, f"there is no verb {verb!r}"
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert re.search(rf"{option}\b", known), f"seatrial {verb} has no option {option}"


def test_help_imports_nothing_heavy():
    heavy = [
        *("torch", "torchvision", "mlflow", "kfp", "evidently", "great_expectations", "pandas"),
        *("numpy", "scipy", "sklearn", "pyarrow", "pydantic", "PIL"),
    ]
    code = (
        "import sys\nsys.argv = ['seatrial', '--help']\n"
        "from seatrial.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('imported:', sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"
