"""Programs that the benchmarks run beside Seatrial, in an environment of their own.

Each module here is a script for that environment: it reads one JSON object from standard input and writes
one to standard output, and imports nothing of Seatrial.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_PYTHON = _HERE.parents[1] / ".venv-peers" / "bin" / "python"


def call(script: str, **arguments: Any) -> dict[str, Any]:
    """Run ``benchmarks/peers/<script>.py`` in the peers' environment and give what it answers.

    Args:
        script: Name of the module.
        arguments: JSON values, handed over on standard input.
    """
    if not _PYTHON.exists():
        sys.exit("the peers are not installed: `make bench` installs them into .venv-peers")
    answer = subprocess.run(
        [_PYTHON, _HERE / f"{script}.py"],
        input=json.dumps(arguments),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
