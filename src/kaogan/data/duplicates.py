"""Pictures that repeat others: exactly, or nearly."""

from collections.abc import Iterator

import numpy as np

from kaogan.data.dataset import Repeat
from kaogan.data.reasons import Reason
from kaogan.data.spool import Spool

HASH = "todo"


def find_repeats(spool: Spool) -> Iterator[Repeat]:
    _, first, inverse = np.unique(spool.digests(), axis=0, return_index=True, return_inverse=True)
    for index, original in enumerate(first[inverse.reshape(-1)]):
        if index != original:
            yield Repeat(index, int(original), Reason.DUPLICATE)
