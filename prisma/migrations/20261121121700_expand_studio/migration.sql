-- AlterTable
ALTER TABLE "upload" ADD COLUMN     "artwork_item_id" UUID,
ADD COLUMN     "artwork_kind" "ItemKind";

-- CreateTable
CREATE TABLE "change_set" (
    "id" UUID NOT NULL,
    "user_id" UUID,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "fields" TEXT[],
    "item_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "undone_at" TIMESTAMPTZ(3),
    "undone_by_id" UUID,

    CONSTRAINT "change_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tag_edit" (
    "track_id" UUID NOT NULL,
    "field" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "base" JSONB NOT NULL,
    "change_set_id" UUID NOT NULL,

    CONSTRAINT "tag_edit_pkey" PRIMARY KEY ("track_id","field")
);

-- CreateTable
CREATE TABLE "tag_change" (
    "change_set_id" UUID NOT NULL,
    "track_id" UUID NOT NULL,
    "field" TEXT NOT NULL,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,
    "before_set_id" UUID,

    CONSTRAINT "tag_change_pkey" PRIMARY KEY ("change_set_id","track_id","field")
);

-- CreateTable
CREATE TABLE "artwork_edit" (
    "kind" "ItemKind" NOT NULL,
    "item_id" UUID NOT NULL,
    "change_set_id" UUID NOT NULL,

    CONSTRAINT "artwork_edit_pkey" PRIMARY KEY ("kind","item_id")
);

-- CreateTable
CREATE TABLE "artwork_change" (
    "change_set_id" UUID NOT NULL,
    "kind" "ItemKind" NOT NULL,
    "item_id" UUID NOT NULL,
    "before_id" UUID,
    "after_id" UUID,
    "before_set_id" UUID,

    CONSTRAINT "artwork_change_pkey" PRIMARY KEY ("change_set_id")
);

-- CreateTable
CREATE TABLE "album_alias" (
    "identity_key" TEXT NOT NULL,
    "album_id" UUID NOT NULL,

    CONSTRAINT "album_alias_pkey" PRIMARY KEY ("identity_key")
);

-- CreateTable
CREATE TABLE "health_sample" (
    "at" TIMESTAMPTZ(0) NOT NULL,
    "name" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "health_sample_pkey" PRIMARY KEY ("at","name")
);

-- CreateIndex
CREATE INDEX "change_set_created_at_id_idx" ON "change_set"("created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "tag_change_track_id_idx" ON "tag_change"("track_id");

-- CreateIndex
CREATE INDEX "album_alias_album_id_idx" ON "album_alias"("album_id");

-- AddForeignKey
ALTER TABLE "tag_change" ADD CONSTRAINT "tag_change_change_set_id_fkey" FOREIGN KEY ("change_set_id") REFERENCES "change_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artwork_change" ADD CONSTRAINT "artwork_change_change_set_id_fkey" FOREIGN KEY ("change_set_id") REFERENCES "change_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;
