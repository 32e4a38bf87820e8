"""A backend that scans a mailbox when it is told of new mail: `POST /api/mail/scan-internal`.

    ADMIN_SECRET=… SECRET=whsec_… python scan_trigger.py 8080

The endpoint sends the shared secret as a header, and little else:

    [endpoints.scan]
    type = "webhook"
    url = "http://127.0.0.1:8080/api/mail/scan-internal"
    secret_env = "SECRET"
    events = ["message.received"]
    depth = "metadata"
    [endpoints.scan.headers]
    x-admin-secret = "…"

For each mailbox one scan is under way and one waits, however many events come: a burst of mail is
two scans, and what arrives during the first is seen by the second. What is wanted is not written
down: at its own start such a backend scans every mailbox once, as after any gap.
"""

import base64
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/api/mail/scan-internal"
#: Ids that are remembered: a repeat comes within days, and costs no more than a scan.
REMEMBERED = 100_000


def scan(account: str) -> None:
    """Look at the new mail of an account: here, say so."""
    print(f"scanned {account}", flush=True)


class Scans:
    """At most one scan of each account, and one more when news came during it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, bool] = {}  # accounts with a scan under way: is one more wanted?
        self._known: dict[str, None] = {}  # ids of events, the oldest first

    def trigger(self, account: str, event: str) -> None:
        """Have an account scanned; an event that came before changes nothing."""
        with self._lock:
            if event in self._known:
                return
            self._known[event] = None
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]
            is_under_way = account in self._wanted
            self._wanted[account] = is_under_way
        if not is_under_way:
            threading.Thread(target=self._run, args=(account,)).start()

    def _run(self, account: str) -> None:
        while True:
            try:
                scan(account)
            except Exception as error:  # noqa: BLE001 - the next scan may go better
                print(f"the scan of {account} failed: {error}", file=sys.stderr)
            with self._lock:
                if not self._wanted[account]:
                    del self._wanted[account]
                    return
                self._wanted[account] = False


class Backend(BaseHTTPRequestHandler):
    """Answers one request."""

    scans = Scans()

    def do_POST(self) -> None:
        """Trigger a scan, for those who know both secrets."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        admin, secret = os.environ.get("ADMIN_SECRET"), os.environ.get("SECRET")
        if not admin or not secret:
            # Whoever forgot to set them has no open door, but deliveries that wait.
            status = 503
        elif self.path != PATH:
            status = 404
        elif not self._is_from_us(admin) or not self._is_signed(secret, body):
            status = 401
        else:
            event = json.loads(body)
            self.scans.trigger(event["account"], event["id"])
            status = 202
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def _is_from_us(self, secret: str) -> bool:
        given = self.headers.get("x-admin-secret", "")
        return hmac.compare_digest(given.encode(), secret.encode())

    def _is_signed(self, secret: str, body: bytes) -> bool:
        stamp = self.headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:  # noqa: PLR2004 - seconds
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers.get('webhook-id', '')}.{stamp}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        given = self.headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Backend).serve_forever()
