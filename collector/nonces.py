"""Memory of signed requests, so that none is served twice. Pure: time is passed in."""

from collections import Counter, deque
from enum import Enum

from collector.limits import MAX_NONCES_PER_KEY, NONCE_MEMORY_S


class Answer(Enum):
    """Whether a nonce came before."""

    FRESH = "fresh"
    SEEN = "seen"
    UNKNOWABLE = "unknowable"  # signed before this process began, or more than can be remembered


class Nonces:
    """Nonces of the last `NONCE_MEMORY_S` seconds, at most `MAX_NONCES_PER_KEY` of each key.

    A signature that is older is refused for its age, so forgetting it is safe. Nonces are not kept on disk: whether
    requests that were signed before `start_s` were served by an earlier process cannot be known.
    """

    def __init__(self, start_s: int) -> None:
        self.start_s = start_s
        self._seen: set[tuple[str, str]] = set()
        self._order: deque[tuple[float, tuple[str, str]]] = deque()
        self._of_key: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, key: str, nonce: str, created_s: int, now_s: float) -> Answer:
        """Fresh the first time; then the nonce is remembered."""
        self._forget(now_s)
        entry = (key, nonce)
        if entry in self._seen:
            return Answer.SEEN
        if created_s < self.start_s or self._of_key[key] >= MAX_NONCES_PER_KEY:
            return Answer.UNKNOWABLE
        self._seen.add(entry)
        self._order.append((now_s + NONCE_MEMORY_S, entry))
        self._of_key[key] += 1
        return Answer.FRESH

    def _forget(self, now_s: float) -> None:
        while self._order and self._order[0][0] <= now_s:
            _, entry = self._order.popleft()
            self._seen.discard(entry)
            self._of_key[entry[0]] -= 1
            if not self._of_key[entry[0]]:
                del self._of_key[entry[0]]
