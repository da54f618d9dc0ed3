-- CreateEnum
CREATE TYPE "SharedKind" AS ENUM ('track', 'album', 'playlist');

-- CreateEnum
CREATE TYPE "SongRequestState" AS ENUM ('open', 'taken', 'done', 'declined');

-- CreateTable
CREATE TABLE "share" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "kind" "SharedKind" NOT NULL,
    "item_id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "play_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "share_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "share_play" (
    "id" UUID NOT NULL,
    "share_id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "played_ms" INTEGER NOT NULL,
    "counted" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "share_play_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "song_request" (
    "id" UUID NOT NULL,
    "asker_id" UUID,
    "title" TEXT NOT NULL,
    "artist" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "match_key" TEXT NOT NULL,
    "state" "SongRequestState" NOT NULL DEFAULT 'open',
    "reason" TEXT NOT NULL DEFAULT '',
    "track_id" UUID,
    "handler_id" UUID,
    "votes" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "song_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "song_request_vote" (
    "request_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "song_request_vote_pkey" PRIMARY KEY ("request_id","user_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "share_token_hash_key" ON "share"("token_hash");

-- CreateIndex
CREATE INDEX "share_owner_id_created_at_id_idx" ON "share"("owner_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "share_play_share_id_idx" ON "share_play"("share_id");

-- CreateIndex
CREATE INDEX "share_play_track_id_idx" ON "share_play"("track_id");

-- CreateIndex
CREATE INDEX "song_request_match_key_idx" ON "song_request"("match_key");

-- CreateIndex
CREATE INDEX "song_request_state_votes_id_idx" ON "song_request"("state", "votes" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "song_request_created_at_id_idx" ON "song_request"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "song_request_asker_id_created_at_idx" ON "song_request"("asker_id", "created_at");

-- CreateIndex
CREATE INDEX "song_request_vote_user_id_idx" ON "song_request_vote"("user_id");

-- AddForeignKey
ALTER TABLE "share" ADD CONSTRAINT "share_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "share_play" ADD CONSTRAINT "share_play_share_id_fkey" FOREIGN KEY ("share_id") REFERENCES "share"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "share_play" ADD CONSTRAINT "share_play_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "song_request" ADD CONSTRAINT "song_request_asker_id_fkey" FOREIGN KEY ("asker_id") REFERENCES "user_account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "song_request" ADD CONSTRAINT "song_request_handler_id_fkey" FOREIGN KEY ("handler_id") REFERENCES "user_account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "song_request" ADD CONSTRAINT "song_request_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "song_request_vote" ADD CONSTRAINT "song_request_vote_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "song_request"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "song_request_vote" ADD CONSTRAINT "song_request_vote_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
