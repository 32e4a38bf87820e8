-- Where an instance's API can be asked by others, empty where nobody else can reach it.
ALTER TABLE instance ADD COLUMN address text NOT NULL DEFAULT '';
