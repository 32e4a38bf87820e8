"""Every dialog of this folder, played by the real engine.

A dialog is a text; ``tests/support/dialog.py`` tells how to read and write one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import clock, dialog
from tests.support.given import setting
from tests.support.player import Player
from tests.support.world import Watch


@pytest.mark.parametrize("path", dialog.dialogs(), ids=lambda path: path.stem)
def test_the_client_holds_its_part_of_the_dialog(path: Path, tmp_path: Path) -> None:
    """The client says what the dialog has it say, and what is expected holds."""
    written = dialog.read(path)

    async def main() -> None:
        player = Player(written.lines)
        watch = Watch(setting(written.lines), player.dialer, tmp_path)
        await watch.start()
        try:
            await player.play(watch)
        finally:
            await watch.stop()

    clock.run(main())
