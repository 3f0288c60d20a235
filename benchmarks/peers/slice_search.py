"""SliceLine's own program on a matrix of codes."""

import json
import resource
import sys
import time

import numpy as np
from sliceline.slicefinder import Slicefinder

asked = json.load(sys.stdin)
problem = np.load(asked["problem"])
cells, errors = problem["cells"], problem["errors"]
finder = Slicefinder(
    alpha=asked["weight"], k=asked["most"], max_l=asked["order"], min_sup=asked["support"], verbose=False
)
start = time.perf_counter()
finder.fit(cells, errors)
seconds = time.perf_counter() - start
slices = [
    {
        "literals": [[place, int(value)] for place, value in enumerate(row) if value is not None],
        "size": int(told["slice_size"]),
        "errors": float(told["sum_slice_error"]),
        "score": float(told["slice_score"]),
    }
    for row, told in zip(finder.top_slices_, finder.top_slices_statistics_, strict=True)
]
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"slices": slices, "seconds": seconds, "gib": memory}))
