"""Trains the classifier on labelled mail, and says honestly how good it is.

How good is measured on mail of senders that were not trained on: the messages of one sender's
domain are all in one fold. With a random split a classifier knows the sender's next letter by
the last one, and every number looks perfect. What order messages are taken in follows from a
seed, so that the same mail gives the same model.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from zlib import crc32

from vedette import mime
from vedette.errors import UsageError
from vedette.guard import hosts
from vedette.guard.classifier import BUCKETS, Model, features_of, sigmoid

#: Messages of each kind below which nothing is learned but who wrote them.
MIN_EACH = 50
#: Senders' domains of each kind: each fold needs one, and one more to learn from.
MIN_DOMAINS = 6
#: Parts into which the senders are divided; each is tried once with what the others taught.
FOLDS = 5
#: Rounds over all messages.
EPOCHS = 8
#: How far one message moves the weights; averaging takes care of the rest.
RATE = 2.0
#: How much better than guessing it must be on unknown senders: the mean share of both kinds that
#: it tells right, of which guessing has 0.5.
MIN_BALANCE = 0.7
#: Opinions at which a report says what is told right and wrong.
THRESHOLDS = (0.9, 0.98)
# Newton's method for two numbers: it ends after some five rounds.
_ROUNDS = 50
# A grain of weight decay keeps kinds that are told apart without a mistake from infinity.
_GRAIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled message: its words, and who sent it."""

    features: array[int]
    wanted: bool
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a training, measured on senders that were not trained on.

    ``caught`` and ``mistaken`` are shares of unwanted and of wanted mail, by opinion; ``balance``
    the mean share of both kinds told right at 0.5. ``same`` counts copies that were left out.
    """

    unwanted: int
    wanted: int
    same: int
    unwanted_domains: int
    wanted_domains: int
    balance: float
    caught: Mapping[float, float]
    mistaken: Mapping[float, float]


def row_of(message: mime.Message, *, wanted: bool) -> Row | None:
    """Return a message as a row; None of one without words."""
    features = features_of(message)
    if not features:
        return None
    address = message.from_[0].address if message.from_ else ""
    host = hosts.of_address(address) or ""
    return Row(features=features, wanted=wanted, domain=hosts.registrable(host) or host)


def train(rows: Sequence[Row], *, seed: int = 0) -> tuple[Model, Report]:
    """Return a model and what it is worth. Raises UsageError where it would be worth nothing."""
    alone = list({(each.features.tobytes(), each.wanted): each for each in rows}.values())
    _check_enough(alone)
    folds = _folds(alone, seed)
    pairs: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        model = _fitted([each for each in alone if folds[each.domain] != fold], seed)
        tried = (each for each in alone if folds[each.domain] == fold)
        pairs += [(model.margin(each.features), not each.wanted) for each in tried]
    steepness, shift = _calibrated(pairs)
    opinions = [(sigmoid(steepness * margin + shift), bad) for margin, bad in pairs]
    report = _report(alone, opinions, same=len(rows) - len(alone))
    if report.balance < MIN_BALANCE or steepness <= 0:
        raise UsageError(
            f"nothing useful was learned: of mail from senders it does not know, it tells "
            f"{report.balance:.0%} right, and guessing tells 50 %; at least {MIN_BALANCE:.0%} "
            "are needed. More mail, or folders that differ more, may help"
        )
    whole = _fitted(alone, seed)
    about = asdict(report)
    model = Model(
        weights=whole.weights, bias=whole.bias, steepness=steepness, shift=shift, about=about
    )
    return model, report


def _check_enough(rows: Sequence[Row]) -> None:
    for wanted, option in ((False, "--yes"), (True, "--no")):
        own = [each for each in rows if each.wanted is wanted]
        if len(own) < MIN_EACH:
            raise UsageError(
                f"{option} has {len(own)} different messages with words in them, and at least "
                f"{MIN_EACH} are needed to learn more than who wrote them"
            )
        domains = len({each.domain for each in own})
        if domains < MIN_DOMAINS:
            raise UsageError(
                f"the messages of {option} come from {domains} domains, and at least "
                f"{MIN_DOMAINS} are needed to learn more than who wrote them"
            )


def _folds(rows: Sequence[Row], seed: int) -> dict[str, int]:
    """Give each sender's domain a fold, the largest first, each kind spread evenly."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in rows:
        counts[each.domain][each.wanted] += 1
    most = [sum(count[kind] for count in counts.values()) for kind in (False, True)]
    held = [[0.0, 0.0] for _ in range(FOLDS)]
    ordered = sorted(counts, key=lambda name: (-max(counts[name]), _dice(seed, name)))
    folds: dict[str, int] = {}
    for name in ordered:
        shares = [count / all_ for count, all_ in zip(counts[name], most, strict=True)]
        kind = shares[1] > shares[0]
        fold = min(range(FOLDS), key=lambda each: (held[each][kind], sum(held[each]), each))
        folds[name] = fold
        held[fold] = [one + other for one, other in zip(held[fold], shares, strict=True)]
    return folds


def _fitted(rows: Sequence[Row], seed: int) -> Model:
    """Return the average of all weights that logistic regression went through (SGD).

    Each kind of mail weighs the same, however much there is of it.
    """
    weights, sums = [0.0] * BUCKETS, [0.0] * BUCKETS
    bias = bias_sum = 0.0
    bad = sum(not each.wanted for each in rows)
    heft = {False: len(rows) / (2 * max(bad, 1)), True: len(rows) / (2 * max(len(rows) - bad, 1))}
    step = 1
    for epoch in range(EPOCHS):
        for row in sorted(rows, key=lambda row: _dice(seed + epoch, row.features)):
            scale = 1.0 / math.sqrt(len(row.features))
            margin = bias + scale * sum(map(weights.__getitem__, row.features))
            miss = (0.0 if row.wanted else 1.0) - sigmoid(margin)
            move = RATE * heft[row.wanted] * miss
            bias += move
            bias_sum += step * move
            move *= scale
            late = step * move
            for place in row.features:
                weights[place] += move
                sums[place] += late
            step += 1
    mean = array("f", (one - sum_ / step for one, sum_ in zip(weights, sums, strict=True)))
    return Model(weights=mean, bias=bias - bias_sum / step)


def _calibrated(pairs: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Return what turns margins into probabilities (Platt 1999), by Newton's method."""
    slope, shift = 1.0, 0.0
    for _ in range(_ROUNDS):
        first = [_GRAIN * slope, _GRAIN * shift]
        second = [_GRAIN, 0.0, _GRAIN]
        for margin, bad in pairs:
            found = sigmoid(slope * margin + shift)
            miss, curve = found - bad, found * (1.0 - found)
            first[0] += miss * margin
            first[1] += miss
            second[0] += curve * margin * margin
            second[1] += curve * margin
            second[2] += curve
        area = second[0] * second[2] - second[1] ** 2
        if area <= 0:
            break
        by_slope = (second[2] * first[0] - second[1] * first[1]) / area
        by_shift = (second[0] * first[1] - second[1] * first[0]) / area
        slope, shift = slope - by_slope, shift - by_shift
        if abs(by_slope) + abs(by_shift) < _GRAIN:
            break
    return slope, shift


def _report(rows: Sequence[Row], opinions: Sequence[tuple[float, bool]], *, same: int) -> Report:
    shares = {
        least: [_share(opinions, least, bad=bad) for bad in (True, False)]
        for least in (0.5, *THRESHOLDS)
    }
    return Report(
        unwanted=sum(not each.wanted for each in rows),
        wanted=sum(each.wanted for each in rows),
        same=same,
        unwanted_domains=len({each.domain for each in rows if not each.wanted}),
        wanted_domains=len({each.domain for each in rows if each.wanted}),
        balance=(shares[0.5][0] + 1.0 - shares[0.5][1]) / 2,
        caught={least: shares[least][0] for least in THRESHOLDS},
        mistaken={least: shares[least][1] for least in THRESHOLDS},
    )


def _share(opinions: Sequence[tuple[float, bool]], least: float, *, bad: bool) -> float:
    own = [opinion >= least for opinion, is_bad in opinions if is_bad is bad]
    return sum(own) / max(len(own), 1)


def _dice(seed: int, what: str | array[int]) -> int:
    """Return a number that looks random and is the same on every machine."""
    octets = what.encode() if isinstance(what, str) else str(what.tolist()).encode()
    return crc32(octets, seed)
