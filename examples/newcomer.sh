#!/bin/sh
# The first hour with Vedette, from an empty folder to a mailbox that broke, was mended and lost
# nothing. docs/guides/getting-started.md walks through it.
#
#     MAILBOX=you@example.org PASSWORD=… NEW_PASSWORD=… \
#       SERVER='"host": "imap.example.org"' sh newcomer.sh
#
# It needs `vedette`, curl and python3. What is yours to do, such as sending a mail, it asks for in a
# line that begins with », and waits for Enter. SERVER is JSON: where the mailbox is. Two more
# mailboxes come where they are given: OAUTH_MAILBOX, with APP, the OAuth 2.0 app as JSON; and
# TABLE_MAILBOX, with TABLE, where it is, as TOML.
set -eu

: "${MAILBOX:?}" "${PASSWORD:?}" "${NEW_PASSWORD:?}" "${SERVER:?}"
examples=$(cd "$(dirname "$0")" && pwd)
cd "${FOLDER:=$(mktemp -d)}"
API=http://127.0.0.1:${PORT:=8025}
export XDG_STATE_HOME="$PWD/state"

# What everything below is said with.

api() { # a path, and more for curl
  path=$1
  shift
  curl -sS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' "$API$path" "$@"
}

get() { # a member of the JSON on stdin, such as status.state
  python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, name: value[name], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}

until_state() { # an account, a state
  for _ in $(seq 300); do
    now=$(api "/v1/accounts/$1" | get status.state)
    test "$now" != "$2" || return 0
    sleep 0.1
  done
  echo "$1 did not become $2; it is $now" >&2
  exit 1
}

events() { # the ids of the events about a mail with a subject
  python3 -c 'import json, sqlite3, sys
for (body,) in sqlite3.connect("events.db").execute("SELECT body FROM event"):
    event = json.loads(body)
    if event["type"] == "message.received" and event["data"]["subject"] == sys.argv[1]:
        print(event["account"], event["id"])' "$1"
}

until_told() { # a subject
  for _ in $(seq 300); do
    test -z "$(events "$1")" || break
    sleep 0.1
  done
  test "$(events "$1" | wc -l)" -eq 1 || { echo "no single event about $1" >&2; exit 1; }
  say told "\"$1\" is one signed event: $(events "$1")"
}

start() {
  vedette serve 2>> log &
  service=$!
  for _ in $(seq 300); do
    ! curl -sf -o answer "$API/readyz" || return 0
    kill -0 "$service" 2>> log || { tail -1 log >&2; exit 1; }
    sleep 0.1
  done
  exit 1
}

say() { printf '%-10s%s\n' "$1" "$2"; }
you() { printf '» %s\n' "$1"; read -r _; }
trap 'kill ${service:-} ${receiver:-} 2>> log || true; wait' EXIT

# A service, out of nothing.

printf '%s' "${CONFIG:-}" > vedette.toml
start
KEY=$(grep -o 'vdt_[A-Za-z0-9_-]*' log)
say serve "listens on $API; its first key is an admin's: $(echo "$KEY" | cut -c 1-8)…"

# A tenant, with a key that can do no more than it needs.

ADMIN=$KEY
api /v1/tenants -d '{"id": "shop", "name": "The shop", "maxAccounts": 10}' > answer
KEY=$(api /v1/keys -d '{"name": "helpdesk", "tenant": "shop",
  "scopes": ["accounts:read", "accounts:write"]}' | get key)
say tenant "shop has a key of its own: $(echo "$KEY" | cut -c 1-8)…"
say wall "with it, a look at all tenants is refused: $(api /v1/tenants | get code)"

# Where events go: a receiver that checks signatures and keeps each event once.

HOOK=http://127.0.0.1:${HOOK_PORT:=8080}/events
KEY=$ADMIN api /v1/endpoints -d '{"tenant": "shop", "type": "webhook", "url": "'"$HOOK"'",
  "private": true}' > answer
SECRET=$(get secret < answer)
SECRET=$SECRET python3 "$examples/stdlib_receiver.py" "$HOOK_PORT" events.db 2>> log &
receiver=$!
say endpoint "the shop's events go to $HOOK, signed"

# A mailbox. An admin may let it be at an inside address; the rest is the tenant's own to do.

account='"tenant": "shop", "email": "'$MAILBOX'", "password": "'$PASSWORD'", '$SERVER
KEY=$ADMIN api /v1/accounts/verify -d "{$account}" > answer
test "$(get isGood < answer)" = True || cat answer
say verify "the way in was tried, and it is good"
KEY=$ADMIN api /v1/accounts -d "{\"id\": \"support\", $account}" > answer
until_state support live
say account "support is live"
you "send a mail to $MAILBOX with the subject: First"
until_told First

# It breaks.

you "change the password of $MAILBOX to: $NEW_PASSWORD"
until_state support auth_failed
say broken "support is auth_failed: $(api /v1/accounts/support | get status.reason)"
you "send a mail to $MAILBOX with the subject: Meanwhile"
test -z "$(events Meanwhile)"

# It is mended, and what came meanwhile is told.

api /v1/accounts/support -X PATCH -d '{"password": "'"$NEW_PASSWORD"'"}' > answer
until_state support live
say mended "support is live"
until_told Meanwhile

# A mailbox by OAuth 2.0: its owner consents in a browser, and no password is known here.

if test -n "${OAUTH_MAILBOX:-}"; then
  app=$(KEY=$ADMIN api /v1/oauth/apps -d '{"tenant": "shop", '"$APP"'}' | get id)
  KEY=$ADMIN api /v1/oauth/authorize -d '{"tenant": "shop", "app": "'"$app"'",
    "new": {"email": "'"$OAUTH_MAILBOX"'", '"$SERVER"'}}' > answer
  you "as $OAUTH_MAILBOX, open in a browser: $(get url < answer)"
  connected=$(get account < answer)
  until_state "$connected" live
  say oauth "$OAUTH_MAILBOX is live, by $(api "/v1/accounts/$connected" | get auth)"
  you "send a mail to $OAUTH_MAILBOX with the subject: Hello"
  until_told Hello
fi

# The same with a mailbox of a table that an application of yours has: it is only read, and told how
# its mailboxes are where you say so.

test -n "${TABLE_MAILBOX:-}" || exit 0
sql() { # a statement on the application's database
  python3 -c 'import contextlib, sqlite3, sys
with contextlib.closing(sqlite3.connect("app.db", timeout=10)) as database, database:
    for row in database.execute(sys.argv[1]):
        print(*row)' "$1"
}

sql "CREATE TABLE mailbox (id TEXT PRIMARY KEY, email TEXT, password TEXT, error TEXT)"
sql "INSERT INTO mailbox VALUES ('sales', '$TABLE_MAILBOX', '$PASSWORD', NULL)"
cat >> vedette.toml << END

[sources.app]
url = "sqlite://$PWD/app.db"
query = "SELECT id, email, password FROM mailbox"
refresh = 1

[sources.app.mail]
tenant = "shop"
$TABLE

[sources.app.write]
on_error = "UPDATE mailbox SET error = :error WHERE id = :id"
on_connected = "UPDATE mailbox SET error = NULL WHERE id = :id"
END
kill $service
wait $service
start
until_state sales live
say table "sales is live, and kept by the $(api /v1/accounts/sales | get origin)"
you "send a mail to $TABLE_MAILBOX with the subject: Offer"
until_told Offer
you "change the password of $TABLE_MAILBOX to: $NEW_PASSWORD"
until_state sales auth_failed
for _ in $(seq 100); do
  ! sql 'SELECT error FROM mailbox' | grep -q Auth || break
  sleep 0.1
done
say broken "sales is auth_failed; its row says: $(sql 'SELECT error FROM mailbox')"
you "send a mail to $TABLE_MAILBOX with the subject: Order"
sql "UPDATE mailbox SET password = '$NEW_PASSWORD'"
until_state sales live
say mended "sales is live"
until_told Order
