-- The ledger's counts are read from it, without the rows.
CREATE INDEX "upload_ledger_counts" ON "upload" ("user_id", "state", "reason_code") WHERE "artwork_item_id" IS NULL;
