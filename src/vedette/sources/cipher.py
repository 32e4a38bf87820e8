"""How the secrets of a host table are encrypted: AES-256-GCM, in the spelling of the application.

An application puts the nonce, the tag and the ciphertext side by side in some way of its own; a
``Layout`` says which. What can not be opened raises, and is never an empty password. It must not
know rows or columns.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from vedette import gcm
from vedette.errors import SecretDamagedError, UsageError, VedetteError
from vedette.secret import Secret

#: Octets of a key of AES-256, and of a whole tag; shorter tags are guessed (SP 800-38D appendix C).
KEY: Final = 32
TAG: Final = 16
#: Octets of a nonce: 12 as a rule (SP 800-38D section 8.2); libraries take from 8 to 128.
NONCE: Final = 12
NONCES: Final = range(8, 129)
#: A secret is a password or a token; tokens of Microsoft have some thousand characters.
MAX_SECRET: Final = 64 * 1024

#: The parts of a sealed secret, as a layout names them.
IV: Final = "iv"
TAG_NAME: Final = "tag"
DATA: Final = "ciphertext"
_PARTS: Final = frozenset((IV, TAG_NAME, DATA))

#: What may stand between two parts, beside words that stand as they are.
SEPARATORS: Final = ":.$|;,"
#: Joins parts that are encoded as one.
_JOINED: Final = "+"
#: The layout that is a JSON object.
JSON: Final = "json"

#: scrypt as ``crypto.scryptSync`` of Node.js has it unless told otherwise.
_SCRYPT: Final = {"n": 16_384, "r": 8, "p": 1}


class CipherError(VedetteError):
    """A secret can not be opened; the words say why, and nothing of it."""

    code = "cipher"


@unique
class KeyForm(StrEnum):
    """How the 32 octets of the key come from what is configured."""

    HEX = "hex"
    BASE64 = "base64"
    TEXT = "text"
    """Its 32 characters as they are."""
    FIRST32 = "first32"
    """The first 32 octets of a longer one."""
    SHA256 = "sha256"
    """The SHA-256 of a passphrase."""
    SCRYPT = "scrypt"
    """scrypt of a passphrase and a salt, with the parameters that Node.js has unless told."""


@unique
class Encoding(StrEnum):
    """How octets are written in the column."""

    HEX = "hex"
    BASE64 = "base64"
    BASE64URL = "base64url"
    RAW = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where nonce, tag and ciphertext stand.

    ``chunks`` are separated by ``separator``; each is a literal word, or parts that are encoded
    as one. With ``members`` the whole is a JSON object that has iv, tag and ciphertext by these
    names; a tag without a name is the end of the ciphertext. ``nonce`` is the length of one that
    is not encoded alone.
    """

    chunks: tuple[tuple[str, ...], ...] = ((IV,), (TAG_NAME,), (DATA,))
    separator: str = ":"
    members: tuple[str, ...] = ()
    nonce: int = NONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class CipherSettings:
    """What opens the secrets. ``aad`` may name columns: ``mail:{id}``."""

    key: Secret[bytes]
    layout: Layout
    encoding: Encoding = Encoding.HEX
    aad: str = ""


def read_layout(text: str, *, nonce: int = NONCE, members: tuple[str, ...] = ()) -> Layout:
    """Read a layout such as ``iv:tag:ciphertext``, ``v1.iv+ciphertext+tag`` or ``json``.

    Without a ``tag`` it is the end of the ciphertext. Raises UsageError.
    """
    if nonce not in NONCES:
        raise UsageError(f"a nonce has {NONCES.start} to {NONCES.stop - 1} octets")
    if text == JSON:
        names = members or (IV, TAG_NAME, "data")
        if len(set(names)) != len(names) or len(names) not in {2, 3}:
            raise UsageError("expected the members of iv, tag and ciphertext, or of iv and both")
        return Layout(members=names, nonce=nonce)
    found = [char for char in SEPARATORS if char in text]
    if len(found) > 1:
        raise UsageError(f"{text!r} has more than one separator")
    separator = found[0] if found else SEPARATORS[0]
    words = tuple(tuple(chunk.split(_JOINED)) for chunk in text.split(separator))
    parts = [part for chunk in words for part in chunk if part in _PARTS]
    if sorted(parts) not in (sorted(_PARTS), sorted((IV, DATA))):
        raise UsageError(f"{text!r} needs iv and ciphertext once each, and tag once at most")
    for place, chunk in enumerate(words):
        # Before the first separator there may be nothing: ``$aes$iv$ciphertext``.
        is_word = len(chunk) == 1 and (bool(chunk[0]) or place == 0)
        if not _PARTS.issuperset(chunk) and not is_word:
            raise UsageError(f"{_JOINED.join(chunk)!r} is no iv, tag or ciphertext, and no word")
    return Layout(chunks=words, separator=separator, nonce=nonce)


def derive(given: Secret[str], form: KeyForm, *, salt: str = "") -> Secret[bytes]:
    """Return the key. Raises UsageError, with its length and never a part of it."""
    key = _derived(given.reveal(), form, salt.encode())
    if len(key) != KEY:
        raise UsageError(f"the key has {len(key)} octets as {form.value}, and AES-256 needs {KEY}")
    return Secret(key)


def _derived(text: str, form: KeyForm, salt: bytes) -> bytes:
    match form:
        case KeyForm.HEX | KeyForm.BASE64:
            try:
                return _decoded(text, Encoding(form.value))
            except ValueError:
                raise UsageError(f"the key is no {form.value}") from None
        case KeyForm.TEXT:
            return text.encode()
        case KeyForm.FIRST32:
            return text.encode()[:KEY]
        case KeyForm.SHA256:
            return hashlib.sha256(text.encode()).digest()
        case KeyForm.SCRYPT:
            return hashlib.scrypt(text.encode(), salt=salt, dklen=KEY, **_SCRYPT)


class Cipher:
    """Opens and seals secrets in one spelling."""

    __slots__ = ("_encoding", "_key", "_layout", "nonce")

    def __init__(self, settings: CipherSettings) -> None:
        self._key = settings.key
        self._layout = settings.layout
        self._encoding = settings.encoding
        #: Octets of a nonce, as the layout has them.
        self.nonce = settings.layout.nonce

    def open(self, value: str | bytes, *, aad: str = "") -> Secret[str]:
        """Return what was sealed. Raises CipherError."""
        if len(value) > MAX_SECRET:
            raise CipherError(f"is longer than {MAX_SECRET} octets")
        if not value:
            raise CipherError("is empty")
        parts = self._parts(value)
        nonce = parts[IV]
        if len(nonce) not in NONCES:
            raise CipherError(f"has a nonce of {len(nonce)} octets")
        data = parts[DATA] + parts.get(TAG_NAME, b"")
        if TAG_NAME in parts and len(parts[TAG_NAME]) != TAG:
            raise CipherError(f"has a tag of {len(parts[TAG_NAME])} octets, not {TAG}")
        if len(data) < TAG:
            raise CipherError("is shorter than a tag")
        try:
            opened = gcm.decrypt(self._key, nonce, data, aad.encode() or None)
        except SecretDamagedError:
            raise CipherError(
                "can not be opened: it was sealed with another key, or changed since"
            ) from None
        try:
            text = opened.decode()
        except UnicodeDecodeError:
            raise CipherError("can be opened, and holds no UTF-8") from None
        if not text:
            raise CipherError("can be opened, and is empty")
        return Secret(text)

    def seal(self, secret: Secret[str], *, nonce: bytes, aad: str = "") -> str | bytes:
        """Return what ``open`` opens; bytes where nothing is encoded. A nonce is used once."""
        sealed = gcm.encrypt(self._key, nonce, secret.reveal().encode(), aad.encode() or None)
        layout = self._layout
        is_apart = len(layout.members) != 2 and (  # noqa: PLR2004 - iv, and ciphertext with its tag
            bool(layout.members) or any(TAG_NAME in chunk for chunk in layout.chunks)
        )
        parts = {IV: nonce, DATA: sealed}
        if is_apart:
            parts |= {DATA: sealed[:-TAG], TAG_NAME: sealed[-TAG:]}
        if layout.members:
            names = (IV, TAG_NAME, DATA) if is_apart else (IV, DATA)
            pairs = zip(layout.members, names, strict=True)
            return json.dumps({name: _encoded(parts[part], self._encoding) for name, part in pairs})
        if self._encoding is Encoding.RAW:
            return b"".join(parts[part] for part in layout.chunks[0])
        return layout.separator.join(
            _encoded(b"".join(parts[part] for part in chunk), self._encoding)
            if _PARTS.issuperset(chunk)
            else chunk[0]
            for chunk in layout.chunks
        )

    def _parts(self, value: str | bytes) -> dict[str, bytes]:
        """Return nonce, ciphertext and tag, the last only where it stands apart."""
        layout = self._layout
        if self._encoding is Encoding.RAW:
            raw = value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
            return _apart(raw, layout.chunks[0], layout.nonce)
        try:
            text = value if isinstance(value, str) else bytes(value).decode("ascii")
        except UnicodeDecodeError:
            raise CipherError(f"is no {self._encoding.value}") from None
        if layout.members:
            return self._members(text)
        chunks = text.strip().split(layout.separator)
        if len(chunks) != len(layout.chunks):
            raise CipherError(f"has {len(chunks)} parts, not {len(layout.chunks)}")
        found: dict[str, bytes] = {}
        for chunk, words in zip(chunks, layout.chunks, strict=True):
            if not _PARTS.issuperset(words):
                if chunk != words[0]:
                    raise CipherError(f"has no {words[0]!r} where it should")
                continue
            found |= _apart(self._decoded(chunk), words, layout.nonce)
        return found

    def _members(self, text: str) -> dict[str, bytes]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise CipherError("is no JSON") from None
        names = (IV, DATA) if len(self._layout.members) == 2 else (IV, TAG_NAME, DATA)  # noqa: PLR2004 - iv, and ciphertext with its tag
        found = {}
        for member, part in zip(self._layout.members, names, strict=True):
            given = value.get(member) if isinstance(value, dict) else None
            if not isinstance(given, str):
                raise CipherError(f"has no member {member!r}")
            found[part] = self._decoded(given)
        return found

    def _decoded(self, text: str) -> bytes:
        try:
            return _decoded(text, self._encoding)
        except ValueError:
            raise CipherError(f"is no {self._encoding.value}") from None


def _apart(octets: bytes, words: tuple[str, ...], nonce: int) -> dict[str, bytes]:
    """Take a chunk apart: the nonce and the tag have a length, the ciphertext is the rest."""
    if len(words) == 1:
        return {words[0]: octets}
    lengths = {IV: nonce, TAG_NAME: TAG}
    rest = len(octets) - sum(lengths.get(word, 0) for word in words)
    if rest < 0 or (rest and DATA not in words):
        raise CipherError(f"has {len(octets)} octets where {'+'.join(words)} should be")
    found, at = {}, 0
    for word in words:
        length = lengths.get(word, rest)
        found[word] = octets[at : at + length]
        at += length
    return found


def _encoded(octets: bytes, encoding: Encoding) -> str:
    match encoding:
        case Encoding.HEX | Encoding.RAW:
            return octets.hex()
        case Encoding.BASE64:
            return base64.b64encode(octets).decode()
        case Encoding.BASE64URL:
            return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _decoded(text: str, encoding: Encoding) -> bytes:
    """Return octets. Raises ValueError for what is not spelt so; padding may be left out."""
    if encoding in {Encoding.HEX, Encoding.RAW}:
        # Not ``bytes.fromhex``: it overlooks blanks.
        return binascii.unhexlify(text)
    alphabet = b"-_" if encoding is Encoding.BASE64URL else None
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=alphabet, validate=True)
