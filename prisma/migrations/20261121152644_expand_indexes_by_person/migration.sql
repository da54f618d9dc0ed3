-- CreateIndex
CREATE INDEX "audit_event_actor_id_id_idx" ON "audit_event"("actor_id", "id" DESC);

-- CreateIndex
CREATE INDEX "change_set_user_id_idx" ON "change_set"("user_id");

-- CreateIndex
CREATE INDEX "playlist_item_added_by_id_idx" ON "playlist_item"("added_by_id");
