"""Finding duplicates among millions of pictures: time and memory by their number.

    python benchmarks/duplicates.py                            # 10,000 to 1,000,000 pictures
    python benchmarks/duplicates.py --counts 5000000 10000000 --chart curve.png

Only hashes are made, at random: what is measured is the search, in a process of its own. A tenth of
the pictures are exact repeats, and a tenth have a hash near an earlier one's, but look different.
Memory is that of the process at its largest, the hashes themselves (40 bytes a picture) included.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kaogan.data.duplicates import find_repeats
from kaogan.data.hashes import Hashes
from kaogan.images import Pixels
from processes import measure

COUNTS = (10_000, 100_000, 1_000_000)
SIDE = 32


class Generated:
    """Hashes of pictures that are not there; the pictures are black, or white if they are odd."""

    chunk = 1000

    def __init__(self, count: int) -> None:
        self.count = count
        rng, tenth = np.random.default_rng(0), count // 10
        self._hashes = rng.integers(0, 2**64, count, np.uint64)
        self._hashes[5 * tenth : 6 * tenth] = self._hashes[:tenth] ^ np.uint64(0b1011)
        self._digests = rng.integers(0, 256, (count, 32), np.uint8)
        self._digests[9 * tenth : 10 * tenth] = self._digests[:tenth]

    def __len__(self) -> int:
        return self.count

    def digests(self) -> npt.NDArray[np.uint8]:
        return self._digests

    def hashes(self) -> Hashes:
        return self._hashes

    def pictures(self, indices: npt.NDArray[np.intp]) -> Pixels:
        late = (indices >= self.count // 2).astype(np.uint8)
        shape = (len(indices), SIDE, SIDE, 1)
        return np.asarray(np.broadcast_to(255 * late[:, None, None, None], shape), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--chart", type=Path, metavar="FILE.png", help="draw time and memory")
    parser.add_argument("--search", type=int, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.search:
        search(options.search)
        return
    rows = []
    for count in options.counts:
        took = measure([sys.executable, __file__, "--search", str(count)])
        found = json.loads(took.output)
        rows.append({"pictures": count, **found, "mib": round(took.resident_mib)})
        if not options.json:
            print(
                f"{count:12,} pictures, {found['repeats']:,} repeats: {found['cpu_seconds']:.1f} s "
                f"of the processor, {took.resident_mib:,.0f} MiB",
                flush=True,
            )
    if options.chart:
        draw(rows, options.chart)
    if options.json:
        print(json.dumps(rows, indent=2))


def draw(rows: Sequence[Mapping[str, float]], file: Path) -> None:
    """Time and memory over the number of pictures."""
    from matplotlib.figure import Figure  # would count as memory of the search
    from matplotlib.ticker import EngFormatter

    figure = Figure((7.2, 2.8), dpi=120, layout="constrained")
    counts = [row["pictures"] for row in rows]
    for axes, name, title in zip(
        figure.subplots(1, 2),
        ("cpu_seconds", "mib"),
        ("seconds of the processor", "memory, MiB"),
        strict=True,
    ):
        axes.loglog(counts, [row[name] for row in rows], marker="o", color="#3b6fb6")
        axes.set(xlabel="pictures", title=title)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.grid(alpha=0.3)
    figure.savefig(file)


def search(count: int) -> None:
    """Search once; print the time and what was found."""
    pictures = Generated(count)
    start, cpu = time.perf_counter(), time.process_time()
    repeats = sum(1 for _ in find_repeats(pictures))
    took = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    print(
        json.dumps({name: round(value, 2) for name, value in took.items()} | {"repeats": repeats})
    )


if __name__ == "__main__":
    main()
