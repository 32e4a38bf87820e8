-- An empty database that takes in all that another store holds.

-- name: copy_patience
-- One transaction takes in everything: its statements are as long as a table is.
SET LOCAL statement_timeout = '1h';
SET LOCAL idle_in_transaction_session_timeout = '10min';

-- name: copy_hold
-- Whoever writes for a shard asks for its row first, who writes records for the revision, and waits.
LOCK TABLE shard, record_revision IN EXCLUSIVE MODE;

-- name: copy_alive
-- By the database's clock: who has said in the last 15 seconds that he is there.
SELECT id FROM instance WHERE heartbeat > now() - interval '15 seconds' ORDER BY id;

-- name: copy_counts
SELECT 'folder', count(*) FROM folder
UNION ALL SELECT 'gap', count(*) FROM gap
UNION ALL SELECT 'reading', count(*) FROM reading
UNION ALL SELECT 'seen', count(*) FROM seen
UNION ALL SELECT 'event', count(*) FROM event
UNION ALL SELECT 'payload', count(*) FROM payload
UNION ALL SELECT 'delivery', count(*) FROM delivery
UNION ALL SELECT 'health', count(*) FROM health
UNION ALL SELECT 'day_count', count(*) FROM day_count
UNION ALL SELECT 'endpoint', count(*) FROM endpoint
UNION ALL SELECT 'action', count(*) FROM action
UNION ALL SELECT 'action_key', count(*) FROM action_key
UNION ALL SELECT 'decision', count(*) FROM decision
UNION ALL SELECT 'tally', count(*) FROM tally
UNION ALL SELECT 'guard_switch', count(*) FROM guard_switch
UNION ALL SELECT 'guard_allow', count(*) FROM guard_allow
UNION ALL SELECT 'protection', count(*) FROM protection
UNION ALL SELECT 'ward', count(*) FROM ward
UNION ALL SELECT 'ratchet', count(*) FROM ratchet
UNION ALL SELECT 'guard_key', count(*) FROM guard_key
UNION ALL SELECT 'consent', count(*) FROM consent
UNION ALL SELECT 'audit', count(*) FROM audit
UNION ALL SELECT 'record', count(*) FROM record
UNION ALL SELECT 'record_gone', count(*) FROM record_gone
UNION ALL SELECT 'secret', count(*) FROM secret
UNION ALL SELECT 'data_key', count(*) FROM data_key;

-- name: copy_octets
SELECT coalesce(sum(length(body)), 0)::bigint FROM payload;

-- name: copy_lanes
INSERT INTO lane (endpoint, account, lane, waiting)
SELECT endpoint, account, lane, count(*) FROM delivery WHERE state = 'due'
GROUP BY endpoint, account, lane;

-- name: copy_uptime
UPDATE uptime SET seconds = $1::float8, counted_at = database_clock() WHERE id = 0;

-- name: copy_chain
UPDATE audit_chain SET last = $1::bigint WHERE id = 0;

-- name: copy_count
-- Events and deliveries are counted by one sequence.
SELECT setval('number', $1::bigint);

-- name: copy_number
SELECT setval(pg_get_serial_sequence($1::text, $2::text), $3::bigint);

-- name: copy_revision
UPDATE record_revision SET last = $1::bigint WHERE id = 0;

-- Tables with row level security take no COPY. The columns stand as those that are told.

-- name: copy_record
INSERT INTO record
  (kind, id, tenant, version, revision, is_counted, created_at, updated_at, expires_at, label,
   folded, body)
VALUES
  ($1::text, $2::text, $3::text, $4::bigint, $5::bigint, $6::boolean, $7::float8, $8::float8,
   $9::float8, $10::text, $11::text, $12::text);

-- name: copy_record_gone
INSERT INTO record_gone (kind, id, tenant, revision, at)
VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::float8);

-- name: copy_secret
INSERT INTO secret (kind, id, name, tenant, value)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::bytea);

-- name: copy_data_key
INSERT INTO data_key (tenant, number, wrapper, wrapped, created_at)
VALUES ($1::text, $2::bigint, $3::text, $4::bytea, $5::float8);
