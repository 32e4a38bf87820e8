"""Tries a guard on mail in files: what it would do, and why; nothing is connected or moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from vedette import mime
from vedette.engine.correspondents import Correspondents, Notes
from vedette.errors import ConfigError
from vedette.guard.classifier import Model
from vedette.guard.domains import Entries
from vedette.guard.evidence import Evidence
from vedette.guard.listing.references import resolved
from vedette.guard.pack import WROTE_TO, List, Pack, Scored
from vedette.guard.verdict import Hit, Verdict
from vedette.lists.curator import Curator, is_fetched
from vedette.lists.mapped import MappedList
from vedette.model.ids import AccountId
from vedette.net.address import AddressGuard
from vedette.scorers.classifier import load_model, model_path
from vedette.secret import Secret
from vedette.service.guards.mailfiles import messages_in

if TYPE_CHECKING:
    from vedette.guard.judging import Guard

#: What scorers think of a message, by name.
Thinks: TypeAlias = Callable[[mime.Message], Mapping[str, float]]
#: What is known of a message from elsewhere.
Knows: TypeAlias = Callable[[mime.Message], tuple[str, ...]]

#: The mail of files is of one person, who has no name here.
_READER = AccountId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One message and its verdict; ``name`` is its file, and its number in one with many."""

    name: str
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        verdict = self.verdict
        return {
            "file": self.name,
            "guard": verdict.guard,
            "version": verdict.version,
            "verdict": verdict.name,
            "wanted": verdict.wanted[0].name if verdict.wanted else "keep",
            "kind": verdict.actions[0].kind.value if verdict.actions else None,
            "score": verdict.score,
            "hits": [_hit(each) for each in verdict.hits],
            "cappedBy": [_hit(each) for each in verdict.capped_by],
            "route": verdict.route or None,
            "failed": verdict.failed or None,
            "explanation": verdict.explained(),
        }


async def compiled(pack: Pack, *, base: Path, state: Path, scratch: Path, now: float) -> Guard:
    """Return a guard with its lists, as ``parts_of`` has them."""
    parts = await parts_of(pack, base=base, state=state, scratch=scratch, now=now)
    # A large pack takes half a second to make ready.
    return await asyncio.to_thread(_guard, pack, parts)


def _guard(pack: Pack, parts: Mapping[str, tuple[Entries | MappedList, ...]]) -> Guard:
    from vedette.guard.judging import Guard  # noqa: PLC0415 - RE2 and its like take 50 ms and 6 MiB: only who has guards pays

    return Guard(pack, parts)


async def parts_of(
    pack: Pack, *, base: Path, state: Path, scratch: Path, now: float
) -> dict[str, tuple[Entries | MappedList, ...]]:
    """Return a pack's lists: files as they are now, and what was fetched below ``state``.

    ``base`` is the folder that the pack's own paths start from. Nothing is fetched, and
    ``scratch`` is all that is written to.
    """
    lists = {}
    for each in pack.lists:
        wanted = resolved(each, pack.lists)
        files = tuple(source for source in each.sources if not is_fetched(source))
        own = _curator(replace(wanted, sources=files), scratch, base, now)
        for source in files:
            look = await own.look(source)
            if look.refused:
                raise ConfigError(f"the list {each.name} of {pack.name}: {source}: {look.refused}")
        others = tuple(source for source in each.sources if is_fetched(source))
        fetched = replace(wanted, entries=(), sources=others)
        kept = _curator(fetched, state / "lists" / pack.name, base, now)
        lists[each.name] = (*own.parts(), *kept.parts())
    return lists


def _curator(wanted: List, folder: Path, base: Path, now: float) -> Curator:
    return Curator(wanted, folder=folder, base=base, guard=AddressGuard(), now=lambda: now)


def thinking(pack: Pack, state: Path) -> Thinks:
    """Return the opinions of the models that a pack asks for, where they are below ``state``.

    Services are not asked: mail is shown to nobody for a trial.
    """
    models: dict[str, Model] = {}
    for symbol in pack.symbols:
        if isinstance(symbol.test, Scored):
            with suppress(ConfigError):
                path = model_path(state, symbol.test.scorer)
                models[symbol.test.scorer] = load_model(path)

    def think(message: mime.Message) -> Mapping[str, float]:
        found = {name: model.opinion(message) for name, model in models.items()}
        return {name: opinion for name, opinion in found.items() if opinion is not None}

    return think


def knowing(sent: Sequence[Path], key: Secret[str]) -> Knows:
    """Return what mail that a person sent tells of other mail: whether its sender was written to.

    ``sent`` are files and folders, ``key`` is that of digests. Raises UsageError for what can not
    be read.
    """
    notes, known = Notes(key, ()), Correspondents()
    for place in sent:
        for _, octets in messages_in(place):
            notes.add(mime.read_header(octets))
    known.learned(_READER, notes)
    return lambda message: (WROTE_TO,) if known.knows(_READER, message) else ()


def tried(
    guard: Guard,
    places: Sequence[Path],
    trusted: Sequence[str],
    *,
    think: Thinks = lambda _message: {},
    know: Knows = lambda _message: (),
) -> Iterator[Trial]:
    """Judge the messages of files and folders. Raises UsageError for what can not be read.

    ``trusted`` are the servers whose Authentication-Results are believed (RFC 8601).
    """
    for place in places:
        for name, octets in messages_in(place):
            message = mime.read(octets, trusted_authserv=trusted, shown=True)
            evidence = Evidence(
                message=message,
                size=len(octets),
                facts=know(message),
                opinions=think(message),
            )
            yield Trial(name=name, verdict=guard.full(evidence))


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "symbol": hit.symbol,
        "score": hit.score,
        "field": hit.field or None,
        "matched": hit.matched or None,
        "source": hit.source or None,
    }
