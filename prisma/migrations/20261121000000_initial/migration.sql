CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('listener', 'curator', 'admin', 'auditor');

-- CreateEnum
CREATE TYPE "TrackState" AS ENUM ('processing', 'published', 'withdrawn');

-- CreateEnum
CREATE TYPE "ArtistRole" AS ENUM ('main', 'featured', 'composer', 'conductor', 'performer', 'remixer');

-- CreateEnum
CREATE TYPE "Visibility" AS ENUM ('private', 'shared');

-- CreateEnum
CREATE TYPE "ItemKind" AS ENUM ('track', 'album', 'artist');

-- CreateEnum
CREATE TYPE "UploadSource" AS ENUM ('browser', 'import');

-- CreateEnum
CREATE TYPE "UploadState" AS ENUM ('open', 'received', 'published', 'duplicate', 'rejected', 'cancelled');

-- CreateEnum
CREATE TYPE "JobState" AS ENUM ('waiting', 'running', 'done', 'failed');

-- CreateTable
CREATE TABLE "user_account" (
    "id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "username_key" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'listener',
    "disabled_at" TIMESTAMPTZ(3),
    "session_epoch" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "refresh_token_hash" TEXT NOT NULL,
    "previous_token_hash" TEXT,
    "rotated_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "user_agent" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setup_link" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "token_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "setup_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor_id" UUID,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "prev_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rate_limit" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL,
    "expire" BIGINT,

    CONSTRAINT "rate_limit_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "stored_object" (
    "key" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "replaced_at" TIMESTAMPTZ(3),

    CONSTRAINT "stored_object_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "artist" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "sort_name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "musicbrainz_id" TEXT NOT NULL DEFAULT '',
    "artwork_id" UUID,
    "album_count" INTEGER NOT NULL DEFAULT 0,
    "track_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artist_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "album" (
    "id" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "sort_title" TEXT NOT NULL,
    "identity_key" TEXT NOT NULL,
    "artist_credit" TEXT NOT NULL,
    "year" INTEGER,
    "label" TEXT,
    "musicbrainz_id" TEXT,
    "artwork_id" UUID,
    "track_count" INTEGER NOT NULL DEFAULT 0,
    "duration_ms" BIGINT NOT NULL DEFAULT 0,
    "loudness_lufs" DOUBLE PRECISION,
    "true_peak_dbtp" DOUBLE PRECISION,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "album_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "album_artist" (
    "album_id" UUID NOT NULL,
    "artist_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,

    CONSTRAINT "album_artist_pkey" PRIMARY KEY ("album_id","artist_id")
);

-- CreateTable
CREATE TABLE "track" (
    "id" UUID NOT NULL,
    "state" "TrackState" NOT NULL DEFAULT 'processing',
    "title" TEXT NOT NULL,
    "sort_title" TEXT NOT NULL,
    "album_id" UUID NOT NULL,
    "artist_credit" TEXT NOT NULL,
    "disc_no" INTEGER NOT NULL DEFAULT 1,
    "disc_title" TEXT,
    "track_no" INTEGER NOT NULL DEFAULT 0,
    "year" INTEGER,
    "isrc" TEXT,
    "musicbrainz_id" TEXT,
    "duration_ms" INTEGER NOT NULL,
    "original_id" TEXT NOT NULL,
    "artwork_id" UUID,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "loudness_lufs" DOUBLE PRECISION,
    "true_peak_dbtp" DOUBLE PRECISION,
    "replaygain_track_db" DOUBLE PRECISION,
    "replaygain_album_db" DOUBLE PRECISION,
    "play_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "track_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "track_artist" (
    "track_id" UUID NOT NULL,
    "artist_id" UUID NOT NULL,
    "role" "ArtistRole" NOT NULL DEFAULT 'main',
    "position" INTEGER NOT NULL,

    CONSTRAINT "track_artist_pkey" PRIMARY KEY ("track_id","role","artist_id")
);

-- CreateTable
CREATE TABLE "genre" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "track_count" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "genre_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "track_genre" (
    "track_id" UUID NOT NULL,
    "genre_id" UUID NOT NULL,

    CONSTRAINT "track_genre_pkey" PRIMARY KEY ("track_id","genre_id")
);

-- CreateTable
CREATE TABLE "lyrics" (
    "track_id" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "synced" JSONB,
    "language" TEXT,

    CONSTRAINT "lyrics_pkey" PRIMARY KEY ("track_id")
);

-- CreateTable
CREATE TABLE "original" (
    "sha256" TEXT NOT NULL,
    "object_key" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "audio_hash" TEXT NOT NULL,
    "container" TEXT NOT NULL,
    "codec" TEXT NOT NULL,
    "lossless" BOOLEAN NOT NULL,
    "sample_rate" INTEGER NOT NULL,
    "channels" INTEGER NOT NULL,
    "bit_depth" INTEGER,
    "bitrate_kbps" INTEGER,
    "duration_ms" INTEGER NOT NULL,
    "track_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "original_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "rendition" (
    "id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "codec" TEXT NOT NULL,
    "mime_type" TEXT NOT NULL,
    "bitrate_kbps" INTEGER NOT NULL,
    "sample_rate" INTEGER NOT NULL,
    "channels" INTEGER NOT NULL,
    "object_key" TEXT NOT NULL,
    "recipe_version" INTEGER NOT NULL,
    "init_bytes" INTEGER NOT NULL,
    "timescale" INTEGER NOT NULL,
    "fragments" JSONB NOT NULL,
    "sample_count" BIGINT NOT NULL,
    "encoder_delay" INTEGER NOT NULL,

    CONSTRAINT "rendition_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "waveform" (
    "track_id" UUID NOT NULL,
    "object_key" TEXT NOT NULL,
    "recipe_version" INTEGER NOT NULL,
    "bars" INTEGER NOT NULL,

    CONSTRAINT "waveform_pkey" PRIMARY KEY ("track_id")
);

-- CreateTable
CREATE TABLE "artwork" (
    "id" UUID NOT NULL,
    "source_sha256" TEXT NOT NULL,
    "width_px" INTEGER NOT NULL,
    "height_px" INTEGER NOT NULL,
    "blurhash" TEXT NOT NULL,
    "dominant_colour" TEXT NOT NULL,
    "recipe_version" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artwork_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "artwork_image" (
    "artwork_id" UUID NOT NULL,
    "size_px" INTEGER NOT NULL,
    "format" TEXT NOT NULL,
    "object_key" TEXT NOT NULL,

    CONSTRAINT "artwork_image_pkey" PRIMARY KEY ("artwork_id","size_px","format")
);

-- CreateTable
CREATE TABLE "playlist" (
    "id" UUID NOT NULL,
    "owner_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "visibility" "Visibility" NOT NULL DEFAULT 'private',
    "version" INTEGER NOT NULL DEFAULT 0,
    "track_count" INTEGER NOT NULL DEFAULT 0,
    "duration_ms" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "playlist_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "playlist_item" (
    "id" UUID NOT NULL,
    "playlist_id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "rank" TEXT COLLATE "C" NOT NULL,
    "added_by_id" UUID,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "playlist_item_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "favourite" (
    "user_id" UUID NOT NULL,
    "kind" "ItemKind" NOT NULL,
    "item_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "favourite_pkey" PRIMARY KEY ("user_id","kind","item_id")
);

-- CreateTable
CREATE TABLE "rating" (
    "user_id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "stars" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rating_pkey" PRIMARY KEY ("user_id","track_id")
);

-- CreateTable
CREATE TABLE "play" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "played_ms" INTEGER NOT NULL,
    "counted" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "play_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload" (
    "id" UUID NOT NULL,
    "source" "UploadSource" NOT NULL,
    "user_id" UUID,
    "relative_path" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "object_key" TEXT NOT NULL,
    "multipart_id" TEXT,
    "part_size_bytes" BIGINT NOT NULL,
    "state" "UploadState" NOT NULL DEFAULT 'open',
    "stage" TEXT,
    "sha256" TEXT,
    "track_id" UUID,
    "reason_code" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "dedupe_key" TEXT NOT NULL,
    "upload_id" UUID,
    "payload" JSONB NOT NULL DEFAULT '{}',
    "state" "JobState" NOT NULL DEFAULT 'waiting',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "max_attempts" INTEGER NOT NULL DEFAULT 3,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stage" TEXT,
    "error_code" TEXT,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "queue_message" (
    "id" BIGSERIAL NOT NULL,
    "queue" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "visible_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "receive_count" INTEGER NOT NULL DEFAULT 0,
    "receipt" UUID,
    "sent_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dead_at" TIMESTAMPTZ(3),

    CONSTRAINT "queue_message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "search_doc" (
    "id" BIGSERIAL NOT NULL,
    "kind" SMALLINT NOT NULL,
    "ref_id" UUID NOT NULL,
    "rank" INTEGER NOT NULL DEFAULT 0,
    "tier" SMALLINT NOT NULL DEFAULT 3,
    "txt" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "tsv" tsvector NOT NULL,

    CONSTRAINT "search_doc_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "search_term" (
    "term" TEXT NOT NULL,
    "frequency" INTEGER NOT NULL,

    CONSTRAINT "search_term_pkey" PRIMARY KEY ("term")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_account_username_key_key" ON "user_account"("username_key");

-- CreateIndex
CREATE UNIQUE INDEX "session_refresh_token_hash_key" ON "session"("refresh_token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "session_previous_token_hash_key" ON "session"("previous_token_hash");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "session"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_token_token_hash_key" ON "api_token"("token_hash");

-- CreateIndex
CREATE INDEX "api_token_user_id_idx" ON "api_token"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_event_hash_key" ON "audit_event"("hash");

-- CreateIndex
CREATE INDEX "audit_event_at_idx" ON "audit_event"("at");

-- CreateIndex
CREATE INDEX "rate_limit_expire_idx" ON "rate_limit"("expire");

-- CreateIndex
CREATE INDEX "artist_musicbrainz_id_idx" ON "artist"("musicbrainz_id");

-- CreateIndex
CREATE INDEX "artist_sort_name_id_idx" ON "artist"("sort_name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "artist_name_key_musicbrainz_id_key" ON "artist"("name_key", "musicbrainz_id");

-- CreateIndex
CREATE UNIQUE INDEX "album_identity_key_key" ON "album"("identity_key");

-- CreateIndex
CREATE INDEX "album_sort_title_id_idx" ON "album"("sort_title", "id");

-- CreateIndex
CREATE INDEX "album_added_at_id_idx" ON "album"("added_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "album_artist_artist_id_album_id_idx" ON "album_artist"("artist_id", "album_id");

-- CreateIndex
CREATE INDEX "track_album_id_disc_no_track_no_id_idx" ON "track"("album_id", "disc_no", "track_no", "id");

-- CreateIndex
CREATE INDEX "track_sort_title_id_idx" ON "track"("sort_title", "id");

-- CreateIndex
CREATE INDEX "track_published_at_id_idx" ON "track"("published_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "track_isrc_idx" ON "track"("isrc");

-- CreateIndex
CREATE INDEX "track_musicbrainz_id_idx" ON "track"("musicbrainz_id");

-- CreateIndex
CREATE INDEX "track_original_id_idx" ON "track"("original_id");

-- CreateIndex
CREATE INDEX "track_artist_artist_id_track_id_idx" ON "track_artist"("artist_id", "track_id");

-- CreateIndex
CREATE UNIQUE INDEX "genre_name_key_key" ON "genre"("name_key");

-- CreateIndex
CREATE INDEX "track_genre_genre_id_track_id_idx" ON "track_genre"("genre_id", "track_id");

-- CreateIndex
CREATE INDEX "original_audio_hash_idx" ON "original"("audio_hash");

-- CreateIndex
CREATE INDEX "original_track_id_idx" ON "original"("track_id");

-- CreateIndex
CREATE INDEX "original_object_key_idx" ON "original"("object_key");

-- CreateIndex
CREATE INDEX "rendition_object_key_idx" ON "rendition"("object_key");

-- CreateIndex
CREATE UNIQUE INDEX "rendition_track_id_name_key" ON "rendition"("track_id", "name");

-- CreateIndex
CREATE INDEX "waveform_object_key_idx" ON "waveform"("object_key");

-- CreateIndex
CREATE UNIQUE INDEX "artwork_source_sha256_key" ON "artwork"("source_sha256");

-- CreateIndex
CREATE INDEX "artwork_image_object_key_idx" ON "artwork_image"("object_key");

-- CreateIndex
CREATE INDEX "playlist_owner_id_updated_at_id_idx" ON "playlist"("owner_id", "updated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "playlist_visibility_updated_at_id_idx" ON "playlist"("visibility", "updated_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "playlist_name_trgm" ON "playlist" USING GIN ("name_key" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "playlist_item_track_id_idx" ON "playlist_item"("track_id");

-- CreateIndex
CREATE UNIQUE INDEX "playlist_item_playlist_id_rank_key" ON "playlist_item"("playlist_id", "rank");

-- CreateIndex
CREATE INDEX "favourite_user_id_created_at_item_id_idx" ON "favourite"("user_id", "created_at" DESC, "item_id" DESC);

-- CreateIndex
CREATE INDEX "play_user_id_started_at_id_idx" ON "play"("user_id", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "play_track_id_idx" ON "play"("track_id");

-- CreateIndex
CREATE INDEX "upload_user_id_fingerprint_idx" ON "upload"("user_id", "fingerprint");

-- CreateIndex
CREATE INDEX "upload_state_created_at_idx" ON "upload"("state", "created_at");

-- CreateIndex
CREATE INDEX "upload_created_at_id_idx" ON "upload"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "job_dedupe_key_key" ON "job"("dedupe_key");

-- CreateIndex
CREATE INDEX "job_state_created_at_id_idx" ON "job"("state", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "job_upload_id_idx" ON "job"("upload_id");

-- CreateIndex
CREATE INDEX "queue_message_queue_visible_at_id_idx" ON "queue_message"("queue", "visible_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "search_doc_ref_id_key" ON "search_doc"("ref_id");

-- CreateIndex
CREATE INDEX "search_doc_title_rank_idx" ON "search_doc"("title", "rank" DESC);

-- CreateIndex
CREATE INDEX "search_term_trgm" ON "search_term" USING GIN ("term" gin_trgm_ops);

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artist" ADD CONSTRAINT "artist_artwork_id_fkey" FOREIGN KEY ("artwork_id") REFERENCES "artwork"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "album" ADD CONSTRAINT "album_artwork_id_fkey" FOREIGN KEY ("artwork_id") REFERENCES "artwork"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "album_artist" ADD CONSTRAINT "album_artist_album_id_fkey" FOREIGN KEY ("album_id") REFERENCES "album"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "album_artist" ADD CONSTRAINT "album_artist_artist_id_fkey" FOREIGN KEY ("artist_id") REFERENCES "artist"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track" ADD CONSTRAINT "track_album_id_fkey" FOREIGN KEY ("album_id") REFERENCES "album"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track" ADD CONSTRAINT "track_original_id_fkey" FOREIGN KEY ("original_id") REFERENCES "original"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track" ADD CONSTRAINT "track_artwork_id_fkey" FOREIGN KEY ("artwork_id") REFERENCES "artwork"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track_artist" ADD CONSTRAINT "track_artist_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track_artist" ADD CONSTRAINT "track_artist_artist_id_fkey" FOREIGN KEY ("artist_id") REFERENCES "artist"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track_genre" ADD CONSTRAINT "track_genre_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "track_genre" ADD CONSTRAINT "track_genre_genre_id_fkey" FOREIGN KEY ("genre_id") REFERENCES "genre"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "lyrics" ADD CONSTRAINT "lyrics_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "original" ADD CONSTRAINT "original_object_key_fkey" FOREIGN KEY ("object_key") REFERENCES "stored_object"("key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "original" ADD CONSTRAINT "original_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rendition" ADD CONSTRAINT "rendition_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rendition" ADD CONSTRAINT "rendition_object_key_fkey" FOREIGN KEY ("object_key") REFERENCES "stored_object"("key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "waveform" ADD CONSTRAINT "waveform_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "waveform" ADD CONSTRAINT "waveform_object_key_fkey" FOREIGN KEY ("object_key") REFERENCES "stored_object"("key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artwork_image" ADD CONSTRAINT "artwork_image_artwork_id_fkey" FOREIGN KEY ("artwork_id") REFERENCES "artwork"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artwork_image" ADD CONSTRAINT "artwork_image_object_key_fkey" FOREIGN KEY ("object_key") REFERENCES "stored_object"("key") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "playlist" ADD CONSTRAINT "playlist_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "playlist_item" ADD CONSTRAINT "playlist_item_playlist_id_fkey" FOREIGN KEY ("playlist_id") REFERENCES "playlist"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "playlist_item" ADD CONSTRAINT "playlist_item_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "favourite" ADD CONSTRAINT "favourite_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rating" ADD CONSTRAINT "rating_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rating" ADD CONSTRAINT "rating_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "play" ADD CONSTRAINT "play_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "play" ADD CONSTRAINT "play_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_track_id_fkey" FOREIGN KEY ("track_id") REFERENCES "track"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_upload_id_fkey" FOREIGN KEY ("upload_id") REFERENCES "upload"("id") ON DELETE CASCADE ON UPDATE CASCADE;



-- What Prisma's language can't say.

-- The first key of a keyset page; byte order, whatever the database's own collation is.
ALTER TABLE "artist" ALTER COLUMN "sort_name" TYPE TEXT COLLATE "C";
ALTER TABLE "album" ALTER COLUMN "sort_title" TYPE TEXT COLLATE "C";
ALTER TABLE "track" ALTER COLUMN "sort_title" TYPE TEXT COLLATE "C";

-- Newest first, albums without a year last.
CREATE INDEX "album_year" ON "album" ((COALESCE("year", 0)) DESC, "id" DESC);

-- Fractional indexing compares bytes.
ALTER TABLE "playlist_item" ALTER COLUMN "rank" TYPE TEXT COLLATE "C";

-- One index a tier of popularity: the smallest that has enough hits answers. No pending list: it would be read at every search.
CREATE INDEX "search_doc_tier0" ON "search_doc" USING gin ("tsv") WITH (fastupdate = off) WHERE "tier" = 0;
CREATE INDEX "search_doc_tier1" ON "search_doc" USING gin ("tsv") WITH (fastupdate = off) WHERE "tier" <= 1;
CREATE INDEX "search_doc_tier2" ON "search_doc" USING gin ("tsv") WITH (fastupdate = off) WHERE "tier" <= 2;
CREATE INDEX "search_doc_all" ON "search_doc" USING gin ("tsv") WITH (fastupdate = off);
-- Two edits can leave a word of eight letters so few of its trigrams.
CREATE FUNCTION similar_terms(word text, most int) RETURNS TABLE ("term" text, "frequency" int)
LANGUAGE sql STABLE SET pg_trgm.similarity_threshold = 0.2 AS $$
  SELECT s."term", s."frequency" FROM "search_term" s WHERE s."term" % word AND s."frequency" > 0
  ORDER BY similarity(s."term", word) DESC LIMIT most
$$;
CREATE INDEX "search_term_prefix" ON "search_term" ("term" text_pattern_ops);

-- Rows that a receiver may take next.
CREATE INDEX "queue_message_ready" ON "queue_message" ("queue", "visible_at", "id") WHERE "dead_at" IS NULL;
-- Objects that the sweep may delete in time.
CREATE INDEX "stored_object_replaced" ON "stored_object" ("replaced_at") WHERE "replaced_at" IS NOT NULL;
-- Jobs whose message is still to be sent.
CREATE INDEX "job_unsent" ON "job" ("not_before") WHERE "state" = 'waiting' AND "sent_at" IS NULL;
-- At most one open ticket a curator and file.
CREATE UNIQUE INDEX "upload_open_fingerprint" ON "upload" ("user_id", "fingerprint") WHERE "state" = 'open';

ALTER TABLE "rating" ADD CONSTRAINT "rating_stars_range" CHECK ("stars" BETWEEN 1 AND 5);
ALTER TABLE "setup_link" ADD CONSTRAINT "setup_link_single" CHECK ("id" = 1);

-- Rows of the audit log are added, never changed.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER "audit_event_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_event"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever keeps what it read about a caller forgets it at once when the account, a session or a token of it changes.
CREATE FUNCTION notify_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('account_changed', to_jsonb(COALESCE(NEW, OLD)) ->> TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER "user_account_changed" AFTER UPDATE OR DELETE ON "user_account"
  FOR EACH ROW EXECUTE FUNCTION notify_account_change('id');
-- Not at each rotation: only the end of a session changes what its access tokens may do.
CREATE TRIGGER "session_ended" AFTER UPDATE OF "revoked_at" OR DELETE ON "session"
  FOR EACH ROW EXECUTE FUNCTION notify_account_change('user_id');
CREATE TRIGGER "api_token_ended" AFTER UPDATE OF "revoked_at" OR DELETE ON "api_token"
  FOR EACH ROW EXECUTE FUNCTION notify_account_change('user_id');
