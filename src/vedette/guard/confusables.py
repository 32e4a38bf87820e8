"""Letters of other scripts that look like Latin ones. Written by ``scripts/confusables.py``.

From confusables.txt of Unicode 17.0.0 (UTS 39, Unicode Security Mechanisms).
Copyright (c) 1991-2025 Unicode, Inc. Unicode License v3 (SPDX: Unicode-3.0): the data is provided
"as is", without warranty; https://www.unicode.org/license.txt.
"""

from __future__ import annotations

#: By the letters of ASCII, what looks like them; in lower case.
LOOKALIKES = {
    "a": "\u0251\u03b1\u0430\u15c5\u2376\u237a\ua4ee\uab7a\U000102a0\U00016f40",
    "aa": "\ua733",
    "ae": "\u04d5",
    "ao": "\ua735",
    "ar": "\U0001f707",
    "au": "\ua737",
    "av": "\ua739\ua73b",
    "ay": "\ua73d",
    "b": (
        "\u0185\u03b2\u0431\u0432\u044c\u0463\u048d\u13fc\u1472\u1473\u15af\u15f7\u2c83\ua4d0\ua7b5"
        "\uab9f\U00010282\U000102a1\U00010301"
    ),
    "bl": "\u044b",
    "c": (
        "\u025b\u03b5\u0441\u0454\u04ab\u0511\u1004\u105a\u22f4\u2377\u2c89\u2ca5\ua4da\uab9b\uabaf"
        "\U000102a2\U00010302\U00010429\U0001043d\U0001051c\U000118ce\U000118e9\U0001f16e\U0001f74c"
    ),
    "d": "\u00f0\u0501\u146f\u15de\u15ea\ua4d2\ua4d3\uab70\uabb7",
    "dz": "\u02a3\u02a5",
    "e": (
        "\u03b5\u0435\u04bd\u04bf\u04d9\u212e\u22ff\u2d39\ua4f0\uab32\uab7c\U00010286\U000118c6"
        "\U000118ce"
    ),
    "f": "\u03dd\u0584\u15b4\u1e9d\ua4dd\uab35\U00010287\U000102a5\U00010525\U000118c2\U0001d213",
    "fax": "\u213b",
    "fn": "\u02a9",
    "g": "\u018d\u050d\u0581\u13fb\ua4d6\uab90",
    "h": (
        "\u03b7\u043d\u045b\u04a3\u04bb\u04c8\u04ca\u0570\u13fa\u157c\u2c8f\ua4e7\ua695\uab8b\uab92"
        "\U000102cf"
    ),
    "i": (
        "\u0269\u03b9\u0456\u04cf\u0582\u1d7b\u1d7c\u2373\u2378\u2c93\u2cd1\ua647\uab75\uabae"
        "\U00010443\U000118c3\U000118d2"
    ),
    "j": "\u03f3\u0458\u0575\u148d\ua4d9\uab7b",
    "k": "\u03ba\u043a\u049b\u049f\u16d5\u2c95\ua4d7\uabb6\U00010518",
    "l": (
        "\u01c0\u04cf\u05d5\u05df\u0627\u0661\u06f1\u07ca\u14aa\u16c1\u2223\u23fd\u2cd1\u2d4f\ua4e1"
        "\ua4f2\uabae\uffe8\U0001028a\U00010309\U00010443\U00010526\U00016f16\U00016f28\U0001d22a"
    ),
    "ll": "\u01c1\u05f0\u2225\U00010199",
    "lls": "\U00010198",
    "lo": "\u044e",
    "ls": "\u02aa",
    "lz": "\u02ab",
    "m": (
        "\u03bc\u03fb\u043c\u04ce\u15f0\u16d6\u2c99\ua4df\uab87\U000102b0\U00010311\U00011700"
        "\U000118e3"
    ),
    "mb": "\U0001f76b",
    "n": "\u014b\u03b7\u03bd\u0572\u0578\u057c\u2c9b\ua4e0\U0001018e\U00010513",
    "no": "\u2116",
    "o": (
        "\u0275\u03b8\u03bf\u03c3\u03ed\u043e\u0473\u04e9\u0585\u05e1\u0647\u0665\u06be\u06c1\u06d5"
        "\u06f5\u06ff\u07c0\u0966\u09e6\u0a66\u0ae6\u0b20\u0b66\u0be6\u0c66\u0ce6\u0d20\u0d66\u101d"
        "\u1040\u10ff\u12d0\u17e0\u1d11\u2296\u229d\u236c\u2c91\u2c9f\u2d31\u2d41\u2d54\ua4f3\uab3d"
        "\uab3e\uab74\uab8e\uabbb\U00010292\U000102ab\U0001042c\U000104ea\U00010516\U000114d0"
        "\U000118c8\U000118d5\U000118d7\U000118e0\U0001d21a\U0001f714"
    ),
    "oe": "\u0276",
    "oo": "\u221e\ua699\ua74f",
    "p": "\u00fe\u01bf\u03c1\u03f8\u0440\u146d\u1d29\u2374\u2ca3\u2ccf\ua4d1\uabb2\U00010295",
    "q": "\u051b\u0563\u0566\u1d90\u2d55",
    "qe": "\U0001f700",
    "r": (
        "\u0433\u0493\u1587\u1d26\u2c85\ua4e3\uab47\uab48\uab71\uab81\uaba2\U000104dc\U00016f35"
        "\U0001d216"
    ),
    "s": "\u01bd\u0455\u057f\u0d1f\ua4e2\uaba5\uabaa\U00010296\U00010448\U000118c1\U00016f3a",
    "ss": "\u03b2\u13f8\ua7b5\ua7d7",
    "sss": "\U0001f75c",
    "t": (
        "\u03c4\u0442\u04ad\u22a4\u2361\u27d9\u2ca7\ua4d4\uab72\uab8f\U00010297\U000102b1\U00010315"
        "\U000118dc\U00016f0a\U0001f768"
    ),
    "tc": "\u02a8",
    "tel": "\u2121",
    "tf": "\ua777",
    "ts": "\u02a6",
    "u": (
        "\u0289\u03c5\u045f\u057d\u1200\u144c\u1d7e\u222a\u22c3\ua4f4\ua79f\uab9c\U000104f6\U000118d8"
        "\U00016f42"
    ),
    "ue": "\u1d6b",
    "uo": "\uab63",
    "v": (
        "\u03bd\u0475\u05d8\u0667\u06f7\u142f\u2228\u22c1\u2d38\ua4e6\ua6df\uaba9\U00010197\U0001051d"
        "\U00011706\U000118c0\U00016f08\U0001d20d\U0001f708"
    ),
    "vb": "\U0001f76c",
    "w": (
        "\u026f\u0448\u0461\u047d\u051d\u0561\u2cbd\ua4ea\ua761\uab83\uaba4\U000114c5\U0001170a"
        "\U0001170e\U0001170f\U000118e6"
    ),
    "x": (
        "\u00d7\u03c7\u0445\u04b3\u1541\u157d\u166d\u16b7\u2573\u292b\u292c\u2a2f\u2a30\u2cad\u2d5d"
        "\ua4eb\uab53\U00010196\U00010290\U000102b4\U00010317\U00010527"
    ),
    "y": (
        "\u0263\u03b3\u03c5\u0443\u04af\u04b1\u10e7\u2ca9\ua4ec\uab79\uab8d\U000102b2\U000118c4"
        "\U000118dc\U00016f43"
    ),
    "z": "\u03b6\u2c8d\ua4dc\uab93\U000118c4\U000118c9\U000118e5",
}
