"""What a reader sees in disguised words, and what honest text stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.guard import letters, masks, skeleton
from vedette.guard.phrases import Index
from vedette.guard.skeleton import view
from vedette.guard.variants import VARIANTS

PHRASES = (
    "freispiele", "casino", "wettbonus", "bahis", "iddaa", "free spins", "slots", "ставки",
    "фриспинов", "gewinnexe.pdf", "wett", "bet", "deneme bonusu", "giriş yap", "rodadas grátis",
)  # fmt: skip
INDEX = Index((phrase, phrase) for phrase in PHRASES)

DISGUISES = (
    ("a zero-width space", "Frei\u200bspiele", "freispiele"),
    ("soft hyphens", "ca\u00adsi\u00adno", "casino"),
    ("a word joiner and a byte order mark", "c\u2060a\ufeffsino", "casino"),
    ("Cyrillic letters", "Саsіnо", "casino"),
    ("Greek letters", "Cαsinο", "casino"),
    ("Greek capitals", "CΑSΙΝΟ", "casino"),
    ("Lisu letters", "ꓚꓮꓢꓲꓠꓳ", "casino"),
    ("Cherokee letters", "ᏟᎪᏚᎥNᎾ", "casino"),
    ("small capitals", "ᴄᴀsɪɴᴏ", "casino"),
    ("strokes through letters", "c̶a̶s̶i̶n̶o̶", "casino"),
    ("marks on letters", "c̈ȧs̃īn̊ó", "casino"),
    ("accents", "Càsínö", "casino"),
    ("flags", "🇨🇦🇸🇮🇳🇴", "casino"),
    ("flags with spaces", "🇨 🇦 🇸 🇮 🇳 🇴", "casino"),
    ("bold letters of mathematics", "𝐅𝐫𝐞𝐢𝐬𝐩𝐢𝐞𝐥𝐞", "freispiele"),
    ("script letters of mathematics", "𝓕𝓻𝓮𝓮 𝓢𝓹𝓲𝓷𝓼", "free spins"),
    ("fullwidth letters", "Ｆｒｅｉｓｐｉｅｌｅ", "freispiele"),
    ("circled letters", "Ⓕⓡⓔⓔ Ⓢⓟⓘⓝⓢ", "free spins"),
    ("squared letters", "🄲🄰🅂🄸🄽🄾", "casino"),
    ("negative squared letters", "🅲🅰🆂🅸🅽🅾", "casino"),
    ("parenthesized letters", "⒞⒜⒮⒤⒩⒪", "casino"),
    ("a Roman numeral", "Ⅽasino", "casino"),
    ("superscript letters", "ᶜᵃˢⁱⁿᵒ", "casino"),
    ("digits", "C4s1n0", "casino"),
    ("a sign of money", "¢asino", "casino"),
    ("digits throughout", "W3ttb0nu5", "wettbonus"),
    ("a digit that is an l", "S1ots", "slots"),
    ("digits in two words", "Fr33 Sp1n5", "free spins"),
    ("a digit in one of two words", "FREE SP1NS", "free spins"),
    ("a capital I for an l", "FreispieIe", "freispiele"),
    ("an l for an i", "Caslno", "casino"),
    ("a number glued to it", "100Freispiele", "freispiele"),
    ("letters with spaces", "F r e i s p i e l e", "freispiele"),
    ("two words with spaces", "F r e e  S p i n s", "free spins"),
    ("letters with dots", "c.a.s.i.n.o", "casino"),
    ("letters with hyphens", "w-e-t-t-b-o-n-u-s", "wettbonus"),
    ("letters with underscores", "c_a_s_i_n_o", "casino"),
    ("letters with asterisks", "c*a*s*i*n*o", "casino"),
    ("letters with bullets", "c • a • s • i • n • o", "casino"),
    ("one letter a line", "c\na\ns\ni\nn\no", "casino"),
    ("digits with dots", "c.4.s.1.n.0", "casino"),
    ("an override to the left", "\u202eonisac\u202c", "casino"),
    ("a capital dotted I", "BAHİS", "bahis"),
    ("a dotless i", "BAHIS bahıs", "bahis"),
    ("a dotted and a dotless I", "İDDAA", "iddaa"),
    ("a dotless I", "IDDAA", "iddaa"),
    ("Turkish without its letters", "giris yap", "giriş yap"),
    ("Portuguese without its accents", "RODADAS GRATIS", "rodadas grátis"),
    ("a reference of HTML", "&#99;asino", "casino"),
    ("a reference within a reference", "&amp;#x63;asino", "casino"),
    ("a named reference", "free&nbsp;spins", "free spins"),
    ("a line end", "FREE\r\nSPINS", "free spins"),
    ("an underscore", "free_spins.png", "free spins"),
    ("Latin letters in a Russian word", "cтaвки", "ставки"),
    ("capitals", "СТАВКИ", "ставки"),
    ("its own language", "100 фриспинов", "фриспинов"),
)


def found(text: str) -> set[str]:
    return set(INDEX.find(view(text)))


@pytest.mark.parametrize(("_how", "text", "phrase"), DISGUISES, ids=[each[0] for each in DISGUISES])
def test_a_disguised_word_is_found(_how: str, text: str, phrase: str) -> None:
    """Alone, in a sentence, and in a sentence of Russian letters."""
    assert phrase in found(text)
    assert phrase in found(f"Jetzt für Sie: {text} — nur heute!")
    assert phrase in found(
        f"Только сегодня {text} и ещё сорок новых вещей, дорогие друзья и подруги"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Wetter, Wettbewerb und Wettingen", "diegebetszeiten.de", "Tibet, Elisabeth", "diabetes",
        "The alphabet of fitbit", "Xbox xbet", "bahsettiğim gibi", "alphabet4u", "W3tter",
        "T1bet", "b e t t e r", "w e t t e r", "Casinoroyal", "Freispielenacht", "slotsomat",
        "Сorona сasinos", "abet", "bahisler",
    ],
)  # fmt: skip
def test_a_word_that_only_holds_a_phrase_is_left_alone(text: str) -> None:
    """Wetter is not wett, Tibet is not bet: neither plain nor unmasked."""
    assert found(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Ihre Bestellung 4711 über 12,50 € – danke für Ihren Einkauf, Grüße aus Köln!",
        "Sayın müşterimiz, ığdır şubemizde çok güzel ürünler var.",
        "Здравствуйте! Ваш заказ готов, сор и мусор вынести, нота «си».",
        "Your iPhone15 ships 2nd Dec; order AB12CD34, call 0800-1234567, 4x4, mp3, b2b, H2O.",
        "Ελληνικά κείμενα είναι εντάξει και δεν είναι μεταμφίεση.",
        "S.p.A., z. B., U.S.A., i. A. Müller, a) b) c)",
        "co\u00adope\u00adra\u00adtion with soft hyphens, and a 👩\u200d💻 at work",
    ],
)
def test_honest_text_is_not_disguised(text: str) -> None:
    """What people write in their own language, or to save space, is no evidence."""
    assert not view(text).disguised


@pytest.mark.parametrize(
    "text",
    ["Frei\u200bspiele", "Саsіnо", "c̶a̶s̶i̶n̶o̶", "🇨🇦🇸🇮🇳🇴", "𝐅𝐫𝐞𝐢", "c.a.s.i.n.o", "\u202eonisac\u202c"],
)
def test_a_disguise_is_evidence_of_its_own(text: str) -> None:
    """Nobody writes so without a reason; but it is no more than that."""
    assert view(text).disguised


def test_an_override_in_a_file_name_is_carried_out() -> None:
    """A program that shows itself as a document."""
    assert found("gewinn\u202efdp.exe") == {"gewinnexe.pdf"}


def test_a_phrase_does_not_span_paragraphs() -> None:
    """An empty line ends what was said, a line end does not."""
    assert found("we are free\n\nspins") == set()
    assert found("we are free\nspins") == {"free spins"}


def test_a_russian_word_is_not_taken_for_a_latin_one() -> None:
    """Native text stays as it is, though its letters look like others."""
    russian = view("сор, рот и нос: " * 10)

    assert russian.plain.startswith("сор, рот")
    assert not Index([("cop", "cop")]).find(russian)


def test_an_unmasked_phrase_must_touch_the_mask() -> None:
    """Words beside a masked one are matched as they are, and not twice."""
    assert view("casino сор1").plain == "casino сор1"
    assert INDEX.find(view("casino and 4you"))["casino"].disguised is False


def test_a_phrase_says_whether_it_was_disguised() -> None:
    """A plain occurrence counts for more than a masked one."""
    assert INDEX.find(view("C4s1n0"))["casino"].disguised
    assert not INDEX.find(view("C4s1n0 casino"))["casino"].disguised


STEPS = {
    "references": (letters, "_dereferenced", lambda text: text, "&#99;asino"),
    "invisible": (letters, "_is_unseen", lambda char: False, "Frei\u200bspiele"),
    "forms": (letters, "form", lambda char: char, "🄲🄰🅂🄸🄽🄾"),
    "compatibility": (letters, "_simple", lambda char: char, "𝐅𝐫𝐞𝐢𝐬𝐩𝐢𝐞𝐥𝐞"),
    "order": (letters, "_reordered", lambda match: match[0], "\u202eonisac\u202c"),
    "flags": (letters, "_named", lambda match: match[0], "🇨🇦🇸🇮🇳🇴"),
    "spaces": (letters, "_spaced", lambda text: text, "free\nspins"),
    "scripts": (masks, "_mixed", lambda plain: iter(()), "Саsіnо"),
    "readings": (masks, "_read", lambda word: (word,), "C4s1n0"),
    "masks": (masks, "take_off", lambda plain: ("", (), False), "c.a.s.i.n.o"),
}


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_needed(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken away, each step lets a disguise through: none is there for show."""
    module, name, nothing, text = STEPS[step]
    letters.form.cache_clear()
    assert found(text)

    monkeypatch.setattr(module, name, nothing)
    if hasattr(letters.form, "cache_clear"):
        letters.form.cache_clear()

    assert not found(text)
    monkeypatch.undo()
    letters.form.cache_clear()


@given(st.text())
def test_the_plain_form_of_a_plain_form_is_itself(text: str) -> None:
    """One pass takes everything off."""
    once = letters.plain(text)[0]

    assert letters.plain(once)[0] == once


@given(st.text())
def test_a_folded_phrase_is_folded_once(text: str) -> None:
    """Letters of other scripts become Latin ones, which stay."""
    once = skeleton.folded(text)

    assert skeleton.folded(once) == once


@given(st.text(alphabet=st.sampled_from("aс1 4.i-$оꓚ\u200b\n\u202e🇨€l&#x63;"), max_size=2_000))
def test_any_text_has_a_bounded_view(text: str) -> None:
    """Nothing raises; what is unmasked lies within the skeleton, in order."""
    seen = view(text)

    assert len(seen.skeleton) <= masks.MAX_SKELETON
    assert list(seen.spans) == sorted(seen.spans)
    assert all(0 <= start <= end <= len(seen.skeleton) for start, end in seen.spans)


def test_a_flood_of_masked_words_has_an_end() -> None:
    """A quarter of a megabyte of disguises: a bounded skeleton."""
    seen = view("c4s1n0 Саsіnо f r e i s p i e l e " * 8_000)

    assert 0 < len(seen.skeleton) <= masks.MAX_SKELETON
    assert len(seen.spans) <= (masks.MAX_MASKS * 2) * masks.MAX_READINGS


@pytest.mark.parametrize("piece", ["a1 ", "a@b.c ", "c4s1n0 ", "f r e i ", "\u202e", "🇨 ", "&amp;"])
def test_no_text_takes_long(piece: str) -> None:
    """A quarter of a megabyte of whatever is looked at longest: a fraction of a second."""
    text = piece * (256 * 1024 // len(piece))
    began = time.process_time()

    view(text)

    assert time.process_time() - began < 1.0


def test_every_character_with_another_form_is_known() -> None:
    """Which they are is written down, since to ask all takes long; a newer Unicode may add some."""
    planes = [*map(chr, range(0x80, 0xD800)), *map(chr, range(0xE000, 0x20000))]
    asked = {each for each in planes if each.lower() == each and letters.form(each) != each}

    assert asked <= VARIANTS


def test_marks_beyond_measure_are_cut() -> None:
    """To put them in order would take the square of their number: half a second for 300 KB."""
    seen = skeleton.view("casino" + "\u0336\u0323\u0330" * 50_000 + " bonus")

    assert seen.plain == "casino bonus"
    assert len(letters.composed("a" + "\u0323\u0301" * 1_000)) <= 31


WESTERN = st.text(
    st.sampled_from([*map(chr, range(256)), *"€–—’‘“”„•…™œŒžŽšŠŸƒ†‰‹›ˆ˜‚", "\n", " ", "&", ";"])
)


@given(WESTERN)
def test_western_text_has_the_form_that_it_has_among_other_scripts(text: str) -> None:
    """One letter of another script has all of it read character by character."""
    assert letters.plain(f"{text}.")[0] == letters.plain(f"{text}.ж")[0].removesuffix("ж")
