"""A naive Bayes filter over single words: how easy the corpus is for something that knows nothing.

Trained on one split and tried on families of the other. If it does well there, the corpus is too
easy to tell anything about a guard. It must not know the corpus beyond texts and labels.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from tests.corpus.family import Label

TOO_EASY = 0.90
"""Above this accuracy on families never seen, the corpus would have to be made harder."""
_WORD = re.compile(r"\w+")


class NaiveBayes:
    """Multinomial, with one added to every count."""

    def __init__(self, texts: Iterable[tuple[str, Label]]) -> None:
        self._counts: dict[Label, Counter[str]] = {label: Counter() for label in Label}
        self._priors: Counter[Label] = Counter()
        for text, label in texts:
            self._counts[label].update(_WORD.findall(text.lower()))
            self._priors[label] += 1
        self._known = len(set().union(*self._counts.values()))
        self._totals = {label: counts.total() for label, counts in self._counts.items()}

    def label(self, text: str) -> Label:
        """Return the likelier label."""
        words = _WORD.findall(text.lower())
        return max(Label, key=lambda label: self._likelihood(words, label))

    def _likelihood(self, words: list[str], label: Label) -> float:
        below = self._totals[label] + self._known
        counts = self._counts[label]
        seen = sum(math.log((counts[word] + 1) / below) for word in words)
        return seen + math.log(self._priors[label])
