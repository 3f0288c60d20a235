"""CleanVision over the images below a folder: what it flags, and how long that takes."""

import contextlib
import io
import json
import sys
import time
from pathlib import Path

from cleanvision import Imagelab


def main() -> None:
    given = json.load(sys.stdin)
    folder = Path(given["folder"])
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            lab = Imagelab(data_path=str(folder))
            lab.find_issues(n_jobs=given["jobs"], verbose=False)
    except Exception as error:  # noqa: BLE001 - with which one it ends is the answer
        print(json.dumps({"error": f"{type(error).__name__}"}))
        return
    seconds = time.perf_counter() - start
    flagged = {
        column.removeprefix("is_").removesuffix("_issue"): [
            str(Path(path).relative_to(folder)) for path in lab.issues.index[lab.issues[column]]
        ]
        for column in lab.issues.columns
        if column.startswith("is_")
    }
    groups = {
        kind: [
            [str(Path(path).relative_to(folder)) for path in group]
            for group in lab.info[kind].get("sets", [])
        ]
        for kind in ("near_duplicates", "exact_duplicates")
    }
    print(json.dumps({"seconds": seconds, "images": len(lab.issues), "flagged": flagged, "groups": groups}))


if __name__ == "__main__":
    main()
