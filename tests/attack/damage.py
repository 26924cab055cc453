"""How files are spoiled: their bytes, and the values of their JSON."""

import copy
from typing import Any

import numpy as np

NONSENSE: list[Any] = [
    *(None, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, "", "x", "../../etc"),
    *("a\nb", "a\0b", "<script>alert(1)</script>", "x" * 10**5, [], {}, [1], {"a": 1}, [[[]]]),
]
GONE = object()
"""In the place of a value: it is taken away."""


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """`content` cut, overwritten, bent, doubled or mixed up, most often near its ends."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        near = min(len(data), int(rng.choice([32, 128, 1024, len(data) + 1])))
        place = int(rng.integers(0, near)) if near else 0
        if rng.integers(2):
            place = max(0, len(data) - 1 - place)
        match int(rng.integers(0, 7)):
            case 0:
                del data[place:]
            case 1:
                data[place : place + 1] = rng.bytes(1)
            case 2:
                data[place : place + 4] = b"\xff\xff\xff\xff"
            case 3:
                data[place : place + 8] = b"\0" * 8
            case 4:
                data[place:place] = rng.bytes(int(rng.integers(1, 600)))
            case 5:
                del data[place : place + int(rng.integers(1, 2000))]
            case 6:
                data[place : place + 1] = bytes([(data[place] if data else 0) ^ 0x80])
    return bytes(data)


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON value with the part at this path replaced."""
    if not path:
        return None if new is GONE else new
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if new is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return value
