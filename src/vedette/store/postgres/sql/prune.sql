-- Events of tenants that keep less than the service does: the day that they lie in stays.

-- name: events_prune_of_tenants
-- With their bodies and deliveries. What is not settled stays, as where a whole day goes.
WITH old AS MATERIALIZED (
  SELECT found.seq
  FROM unnest($1::text[], $2::float8[]) AS kept (tenant, before)
  CROSS JOIN LATERAL (
    SELECT event.seq FROM event
    WHERE event.tenant = kept.tenant AND event.time < kept.before
      AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE delivery.event = event.seq AND delivery.state = 'due')
    ORDER BY event.time, event.seq
    LIMIT $3::bigint
  ) AS found
  LIMIT $3::bigint
), deliveries AS (
  DELETE FROM delivery WHERE event IN (SELECT seq FROM old)
), bodies AS (
  DELETE FROM payload WHERE event IN (SELECT seq FROM old)
), events AS (
  DELETE FROM event WHERE seq IN (SELECT seq FROM old) RETURNING 1
)
SELECT count(*) FROM events;
