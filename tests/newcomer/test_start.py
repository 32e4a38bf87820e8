"""A configuration that comes through a pipe, as shells make of ``--config <(…)``."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Thread

from tests.support.service import Service, vedette


def test_a_configuration_from_a_pipe_counts(tmp_path: Path) -> None:
    """It is read once: a second time a pipe has nothing, and an empty configuration is a good one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told = 'state = "state"\n[api]\nlisten = "127.0.0.1:0"\n'
    writer = Thread(target=pipe.write_text, args=(told,))
    writer.start()

    with Service(["serve", "--config", str(pipe)], folder=tmp_path) as service:
        service.until_logged("The API's first key")
        writer.join()
        service.send(signal.SIGTERM)
        assert service.ended() == 0

    assert (tmp_path / "state" / "vedette.db").exists()


def test_workers_do_not_share_a_pipe(tmp_path: Path) -> None:
    """Each of them reads the configuration: of a pipe all but one would get nothing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=('[store]\nurl = "postgres://a@127.0.0.1/b"\n',))
    writer.start()

    ended = vedette("serve", "--workers", "2", "--config", str(pipe))
    writer.join()

    assert ended.status == 64
    assert "no pipe" in ended.err
