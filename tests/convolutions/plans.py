"""Plans that leave nothing to measurement."""

from kaogan.convolutions import Plan


class _Always(dict[str, str]):
    """A memory that gives one answer to every question."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def get(self, key: str, default: object = None) -> str:  # type: ignore[override]
        return self.name


def plan_of(name: str) -> Plan:
    """A plan that takes one algorithm for everything."""
    plan = Plan()
    plan._known = _Always(name)
    return plan
