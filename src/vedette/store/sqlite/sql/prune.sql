-- Events of tenants that keep less than the service does.

-- name: events_prunable_of_tenant
-- `+` keeps the index of all that is settled away: it would be walked for what is others'.
SELECT seq FROM event
WHERE tenant = :tenant AND time < :before AND +unsettled = 0
ORDER BY time, seq
LIMIT :limit;

-- name: deliveries_of_event_delete
DELETE FROM delivery WHERE event = :seq;
