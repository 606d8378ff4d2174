"""Exact search of random unit vectors by numpy and, where it is installed, faiss; prints medians in milliseconds as JSON.

opponents.py <rows> <directions> <k> <runs> <threads>
"""

import json
import os
import sys
import time

ROWS, DIRECTIONS, K, RUNS, THREADS = map(int, sys.argv[1:])
DIM = 128
os.environ.update(OMP_NUM_THREADS=str(THREADS), OPENBLAS_NUM_THREADS=str(THREADS))
import numpy as np  # noqa: E402


def unit_rows(rows, seed):
    x = np.random.default_rng(seed).standard_normal((rows, DIM), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def median(work):
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[RUNS // 2]


catalog, directions = unit_rows(ROWS, 1), unit_rows(DIRECTIONS, 2)


def by_numpy():
    scores = directions @ catalog.T
    best = np.argpartition(-scores, K - 1, axis=1)[:, :K]
    return np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1), 1)


figures = {f"numpy {np.__version__}": median(by_numpy)}
try:
    import faiss

    faiss.omp_set_num_threads(THREADS)
    index = faiss.IndexFlatIP(DIM)
    index.add(catalog)
    figures[f"faiss {faiss.__version__} flat"] = median(lambda: index.search(directions, K))
except ImportError:
    pass
print(json.dumps(figures))
