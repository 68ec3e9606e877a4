"""How often the portal was asked, by method and by application: what tests and the demo count."""

from collections import Counter


class Traffic:
    """Counters since the last reset; ``requests`` are HTTP requests, ``calls`` count inside batches."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.requests = 0
        self.by_method: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.by_app: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def note_request(self, method: str) -> None:
        self.requests += 1
        self.by_method[method] += 1

    def to_json(self) -> dict[str, int | dict[str, int]]:
        return {
            "requests": self.requests,
            "by_method": dict(self.by_method),
            "calls": dict(self.calls),
            "by_app": dict(self.by_app),
            "refusals": dict(self.refusals),
        }
