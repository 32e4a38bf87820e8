-- Dead letters: what an endpoint did not take in all its attempts, in the order of its queue.
-- The index holds failed rows only, so that a delivery that is taken costs nothing here.
CREATE INDEX delivery_failed ON delivery (endpoint, id) WHERE state = 'failed';
