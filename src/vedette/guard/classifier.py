"""A small classifier: words and pairs of words, hashed into buckets, each with a learned weight.

It reads a message in some hundred microseconds and says how much it looks like the mail that its
user does not want, from 0 to 1. It must not know how it was trained, nor what a pack makes of it.
"""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from struct import pack, unpack
from typing import Any
from zlib import crc32

from vedette import mime
from vedette.errors import ConfigError
from vedette.guard import letters

#: Buckets that words are hashed into: some ten thousand words of a mailbox seldom meet.
BUCKETS = 2**18
#: Characters of each text that are read: where a letter says what it wants.
MAX_TEXT = 16 * 1024
#: Words of one message that count: four pages.
MAX_WORDS = 1_000
#: Weights that a file keeps, the heaviest; with 8 octets each it stays below 1 MiB.
MAX_WEIGHTS = 120_000
#: Octets of a file.
MAX_FILE = 1024 * 1024

_MAGIC = b"vedette-model 1 "
# Numbers, and names of hosts with numbers in them, are of one sender and not of a kind of mail.
_WORD = re.compile(r"[^\W\d_]{2,24}")
_BREAK = "\x1e"
_ENTRY = 8
# exp() of more overflows, and the outcome is 0 or 1 by then.
_STEEP = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights by bucket. ``steepness`` and ``shift`` turn a sum of them into a probability.

    ``about`` says what it was trained with and what came of it, for people.
    """

    weights: array[float]
    bias: float = 0.0
    steepness: float = 1.0
    shift: float = 0.0
    about: Mapping[str, Any] = field(default_factory=dict)

    def margin(self, features: array[int]) -> float:
        """Return the sum of the weights of some features, longer texts counting no more."""
        if not features:
            return self.bias
        total = sum(map(self.weights.__getitem__, features))
        return self.bias + total / math.sqrt(len(features))

    def opinion(self, message: mime.Message) -> float | None:
        """Return how much a message looks unwanted, from 0 to 1; None of one without words."""
        features = features_of(message)
        return sigmoid(self.steepness * self.margin(features) + self.shift) if features else None


def sigmoid(value: float) -> float:
    """Return the logistic function, without overflow."""
    if value < 0:
        return 1.0 - sigmoid(-value)
    return 1.0 / (1.0 + math.exp(-min(value, _STEEP)))


def features_of(message: mime.Message) -> array[int]:
    """Return the buckets of a message's words and pairs of words, each once, in their order."""
    text = message.text
    parts = [message.subject or "", (text.plain or "")[:MAX_TEXT]]
    if text.shown is not None and text.shown.visible != text.plain:
        parts.append(text.shown.visible[:MAX_TEXT])
    return features_in(_BREAK.join(parts))


def features_in(text: str) -> array[int]:
    """Return the buckets of a text. The same text has the same ones on every machine."""
    words = _WORD.findall(letters.plain(text)[0])[:MAX_WORDS]
    found: dict[int, None] = {}
    before = 0
    for word in words:
        octets = word.encode("utf-8", "surrogatepass")
        found[crc32(octets) % BUCKETS] = None
        if before:
            # A pair goes on where its first word ended.
            found[crc32(octets, before) % BUCKETS] = None
        before = crc32(b"%s " % octets)
    return array("I", found)


def encoded(model: Model) -> bytes:
    """Return a model as the octets of a file: what it is, a checksum, and its heaviest weights."""
    held = [place for place, weight in enumerate(model.weights) if weight]
    held.sort(key=lambda place: (-abs(model.weights[place]), place))
    kept = sorted(held[:MAX_WEIGHTS])
    head = {
        "weights": len(kept),
        "bias": model.bias,
        "steepness": model.steepness,
        "shift": model.shift,
        "about": dict(model.about),
    }
    count = len(kept)
    body = pack(f"<{count}I{count}f", *kept, *(model.weights[place] for place in kept))
    rest = json.dumps(head, sort_keys=True).encode() + b"\n" + body
    return _MAGIC + sha256(rest).hexdigest().encode() + b"\n" + rest


def decoded(octets: bytes) -> Model:
    """Read a model. Raises ConfigError, which does not name the file, for anything else."""
    first, _, rest = octets.partition(b"\n")
    if len(octets) > MAX_FILE or not first.startswith(_MAGIC):
        raise ConfigError("is no model of this version of Vedette; train it again")
    if first.removeprefix(_MAGIC) != sha256(rest).hexdigest().encode():
        raise ConfigError("is damaged: its checksum is another; train it again")
    line, _, body = rest.partition(b"\n")
    try:
        return _built(json.loads(line), body)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ConfigError("is damaged in a way that its checksum hides; train it again") from error


def _built(head: Mapping[str, Any], body: bytes) -> Model:
    count = int(head["weights"])
    if not 0 <= count <= MAX_WEIGHTS or len(body) != count * _ENTRY:
        raise ValueError("another length")
    values = unpack(f"<{count}I{count}f", body)
    places, held = values[:count], values[count:]
    numbers = [float(head[name]) for name in ("bias", "steepness", "shift")]
    if not all(map(math.isfinite, (*numbers, *held))):
        raise ValueError("a weight that is no number")
    weights = array("f", bytes(4 * BUCKETS))
    for place, weight in zip(places, held, strict=True):
        weights[place] = weight
    return Model(
        weights=weights,
        bias=numbers[0],
        steepness=numbers[1],
        shift=numbers[2],
        about=dict(head["about"]),
    )
