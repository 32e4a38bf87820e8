"""Characters that have another form. Written by ``scripts/variants.py``, by Unicode 14.0.0.

In lower case; what ``letters.form`` makes of them is not told here.
"""

from __future__ import annotations

# Each from the first to the last.
_RANGES = (
    "a0-a0 a8-a8 aa-ab ad-ad af-af b4-b5 b8-b8 ba-bb df-ef f1-f6 f8-fd ff-ff 101-101 103-103 "
    "105-105 107-107 109-109 10b-10b 10d-10d 10f-10f 111-111 113-113 115-115 117-117 119-119 "
    "11b-11b 11d-11d 11f-11f 121-121 123-123 125-125 127-127 129-129 12b-12b 12d-12d 12f-12f "
    "131-131 133-133 135-135 137-137 13a-13a 13c-13c 13e-13e 140-140 142-142 144-144 146-146 "
    "148-149 14d-14d 14f-14f 151-151 153-153 155-155 157-157 159-159 15b-15b 15d-15d 15f-15f "
    "161-161 163-163 165-165 167-167 169-169 16b-16b 16d-16d 16f-16f 171-171 173-173 175-175 "
    "177-177 17a-17a 17c-17c 17e-180 183-183 188-188 18c-18c 192-192 199-19a 19e-19e 1a1-1a1 "
    "1a5-1a5 1ab-1ab 1ad-1ad 1b0-1b0 1b4-1b4 1b6-1b6 1c6-1c6 1c9-1c9 1cc-1cc 1ce-1ce 1d0-1d0 "
    "1d2-1d2 1d4-1d4 1d6-1d6 1d8-1d8 1da-1da 1dc-1dc 1df-1df 1e1-1e1 1e3-1e3 1e5-1e5 1e7-1e7 "
    "1e9-1e9 1eb-1eb 1ed-1ed 1ef-1f0 1f3-1f3 1f5-1f5 1f9-1f9 1fb-1fb 1fd-1fd 1ff-1ff 201-201 "
    "203-203 205-205 207-207 209-209 20b-20b 20d-20d 20f-20f 211-211 213-213 215-215 217-217 "
    "219-219 21b-21b 21f-21f 221-221 225-225 227-227 229-229 22b-22b 22d-22d 22f-22f 231-231 "
    "233-237 23c-23c 23f-240 247-247 249-249 24b-24b 24d-24d 24f-24f 253-253 255-257 259-259 "
    "25f-262 266-266 268-268 26a-26d 271-274 27c-27e 280-280 282-282 284-284 288-288 28b-28b "
    "28f-291 299-299 29c-29d 29f-2a0 2b0-2b8 2bc-2bc 2d8-2dd 2e0-2e4 300-36f 374-374 37a-37a "
    "37e-37e 384-385 387-387 390-390 3ac-3b0 3c2-3c2 3ca-3ce 3d0-3d6 3f0-3f2 3f5-3f5 451-451 "
    "483-489 587-587 58a-58a 5be-5be 600-605 61c-61c 675-678 6dd-6dd 70f-70f 890-891 8e2-8e2 "
    "958-95f 9dc-9dd 9df-9df a33-a33 a36-a36 a59-a5b a5e-a5e b5c-b5d e33-e33 eb3-eb3 edc-edd "
    "f0c-f0c f43-f43 f4d-f4d f52-f52 f57-f57 f5c-f5c f69-f69 f73-f73 f75-f79 f81-f81 f93-f93 "
    "f9d-f9d fa2-fa2 fa7-fa7 fac-fac fb9-fb9 10fc-10fc 115f-1160 1400-1400 1680-1680 17b4-17b5 "
    "1806-1806 180b-180f 1ab0-1aff 1d00-1d00 1d04-1d05 1d07-1d07 1d0a-1d0b 1d0d-1d0d 1d0f-1d0f "
    "1d18-1d18 1d1b-1d1c 1d20-1d22 1d2c-1d2e 1d30-1d3a 1d3c-1d4d 1d4f-1d6a 1d6c-1d76 1d78-1d78 "
    "1d7d-1d7d 1d80-1d8a 1d8c-1d8f 1d91-1d92 1d96-1d96 1d99-1d99 1d9b-1dff 1e01-1e01 1e03-1e03 "
    "1e05-1e05 1e07-1e07 1e09-1e09 1e0b-1e0b 1e0d-1e0d 1e0f-1e0f 1e11-1e11 1e13-1e13 1e15-1e15 "
    "1e17-1e17 1e19-1e19 1e1b-1e1b 1e1d-1e1d 1e1f-1e1f 1e21-1e21 1e23-1e23 1e25-1e25 1e27-1e27 "
    "1e29-1e29 1e2b-1e2b 1e2d-1e2d 1e2f-1e2f 1e31-1e31 1e33-1e33 1e35-1e35 1e37-1e37 1e39-1e39 "
    "1e3b-1e3b 1e3d-1e3d 1e3f-1e3f 1e41-1e41 1e43-1e43 1e45-1e45 1e47-1e47 1e49-1e49 1e4b-1e4b "
    "1e4d-1e4d 1e4f-1e4f 1e51-1e51 1e53-1e53 1e55-1e55 1e57-1e57 1e59-1e59 1e5b-1e5b 1e5d-1e5d "
    "1e5f-1e5f 1e61-1e61 1e63-1e63 1e65-1e65 1e67-1e67 1e69-1e69 1e6b-1e6b 1e6d-1e6d 1e6f-1e6f "
    "1e71-1e71 1e73-1e73 1e75-1e75 1e77-1e77 1e79-1e79 1e7b-1e7b 1e7d-1e7d 1e7f-1e7f 1e81-1e81 "
    "1e83-1e83 1e85-1e85 1e87-1e87 1e89-1e89 1e8b-1e8b 1e8d-1e8d 1e8f-1e8f 1e91-1e91 1e93-1e93 "
    "1e95-1e9b 1ea1-1ea1 1ea3-1ea3 1ea5-1ea5 1ea7-1ea7 1ea9-1ea9 1eab-1eab 1ead-1ead 1eaf-1eaf "
    "1eb1-1eb1 1eb3-1eb3 1eb5-1eb5 1eb7-1eb7 1eb9-1eb9 1ebb-1ebb 1ebd-1ebd 1ebf-1ebf 1ec1-1ec1 "
    "1ec3-1ec3 1ec5-1ec5 1ec7-1ec7 1ec9-1ec9 1ecb-1ecb 1ecd-1ecd 1ecf-1ecf 1ed1-1ed1 1ed3-1ed3 "
    "1ed5-1ed5 1ed7-1ed7 1ed9-1ed9 1edb-1edb 1edd-1edd 1edf-1edf 1ee1-1ee1 1ee3-1ee3 1ee5-1ee5 "
    "1ee7-1ee7 1ee9-1ee9 1eeb-1eeb 1eed-1eed 1eef-1eef 1ef1-1ef1 1ef3-1ef3 1ef5-1ef5 1ef7-1ef7 "
    "1ef9-1ef9 1eff-1f07 1f10-1f15 1f20-1f27 1f30-1f37 1f40-1f45 1f50-1f57 1f60-1f67 1f70-1f7d "
    "1f80-1f87 1f90-1f97 1fa0-1fa7 1fb0-1fb4 1fb6-1fb7 1fbd-1fc4 1fc6-1fc7 1fcd-1fd3 1fd6-1fd7 "
    "1fdd-1fe7 1fed-1fef 1ff2-1ff4 1ff6-1ff7 1ffd-1ffe 2000-2015 2017-2019 201c-201e 2024-2026 "
    "2028-202f 2033-2034 2036-2037 203c-203c 203e-203e 2043-2044 2047-2049 2057-2057 205f-2064 "
    "2066-206f 2071-2071 207a-207f 208a-208e 2090-209c 20a8-20a8 20d0-20ff 2102-2102 2107-2107 "
    "210a-2113 2115-2115 2119-211d 2120-2120 2122-2122 2124-2124 2128-2128 212c-212d 212f-2131 "
    "2133-2139 213c-2140 2145-2149 2170-217f 2212-2212 222c-222d 222f-2230 2329-232a 249c-24b5 "
    "24d0-24e9 2a0c-2a0c 2a74-2a76 2adc-2adc 2c61-2c61 2c65-2c66 2c68-2c68 2c6a-2c6a 2c6c-2c6c "
    "2c71-2c71 2c73-2c74 2c78-2c78 2c7a-2c7a 2c7c-2c7d 2d6f-2d6f 2e17-2e17 2e1a-2e1a 2e3a-2e3b "
    "2e40-2e40 2e5d-2e5d 3000-3000 301c-301c 3030-3030 3038-303a 309b-309c 309f-30a0 30ff-30ff "
    "3131-318e a69c-a69d a730-a731 a741-a741 a743-a743 a745-a745 a749-a749 a74b-a74b a74d-a74d "
    "a751-a751 a753-a753 a755-a755 a757-a757 a759-a759 a75f-a75f a770-a770 a78e-a78e a791-a791 "
    "a793-a795 a797-a797 a799-a799 a7a1-a7a1 a7a3-a7a3 a7a5-a7a5 a7a7-a7a7 a7a9-a7a9 a7af-a7af "
    "a7b9-a7b9 a7c8-a7c8 a7ca-a7ca a7f2-a7f4 a7f8-a7f9 ab34-ab34 ab36-ab3b ab49-ab49 ab4b-ab4c "
    "ab4e-ab4e ab52-ab52 ab56-ab5a ab5c-ab5f ab69-ab69 f900-fa0d fa10-fa10 fa12-fa12 fa15-fa1e "
    "fa20-fa20 fa22-fa22 fa25-fa26 fa2a-fa6d fa70-fad9 fb00-fb06 fb13-fb17 fb1d-fb1d fb1f-fb36 "
    "fb38-fb3c fb3e-fb3e fb40-fb41 fb43-fb44 fb46-fbb1 fbd3-fd3d fd50-fd8f fd92-fdc7 fdf0-fdf9 "
    "fdfc-fdfc fe00-fe19 fe20-fe44 fe47-fe52 fe54-fe66 fe68-fe6b fe70-fe72 fe74-fe74 fe76-fefc "
    "feff-feff ff01-ff20 ff3b-ffbe ffc2-ffc7 ffca-ffcf ffd2-ffd7 ffda-ffdc ffe0-ffe3 ffe5-ffe6 "
    "ffe9-ffec fff9-fffb 10781-10785 10787-107b0 107b2-107ba 10ead-10ead 110bd-110bd "
    "110cd-110cd 13430-13438 1bca0-1bca3 1d173-1d17a 1d400-1d454 1d456-1d49c 1d49e-1d49f "
    "1d4a2-1d4a2 1d4a5-1d4a6 1d4a9-1d4ac 1d4ae-1d4b9 1d4bb-1d4bb 1d4bd-1d4c3 1d4c5-1d505 "
    "1d507-1d50a 1d50d-1d514 1d516-1d51c 1d51e-1d539 1d53b-1d53e 1d540-1d544 1d546-1d546 "
    "1d54a-1d550 1d552-1d6a5 1d6a8-1d7cb 1d7ce-1d7ff 1df09-1df09 1df11-1df11 1df13-1df13 "
    "1df16-1df16 1df1a-1df1b 1df1d-1df1e 1ee00-1ee03 1ee05-1ee1f 1ee21-1ee22 1ee24-1ee24 "
    "1ee27-1ee27 1ee29-1ee32 1ee34-1ee37 1ee39-1ee39 1ee3b-1ee3b 1ee42-1ee42 1ee47-1ee47 "
    "1ee49-1ee49 1ee4b-1ee4b 1ee4d-1ee4f 1ee51-1ee52 1ee54-1ee54 1ee57-1ee57 1ee59-1ee59 "
    "1ee5b-1ee5b 1ee5d-1ee5d 1ee5f-1ee5f 1ee61-1ee62 1ee64-1ee64 1ee67-1ee6a 1ee6c-1ee72 "
    "1ee74-1ee77 1ee79-1ee7c 1ee7e-1ee7e 1ee80-1ee89 1ee8b-1ee9b 1eea1-1eea3 1eea5-1eea9 "
    "1eeab-1eebb 1f110-1f129 1f130-1f149 1f150-1f169 1f170-1f189 1f1a5-1f1a5 1fbf0-1fbf9 "
    "2f800-2fa1d e0000-e0fff "
)

#: Every character with another form.
VARIANTS = frozenset(
    chr(code)
    for first, last in (each.split("-") for each in _RANGES.split())
    for code in range(int(first, 16), int(last, 16) + 1)
)
