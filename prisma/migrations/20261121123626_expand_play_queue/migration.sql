-- CreateTable
CREATE TABLE "play_queue" (
    "user_id" UUID NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "entries" JSONB NOT NULL DEFAULT '[]',
    "current_key" TEXT,
    "repeat" TEXT NOT NULL DEFAULT 'off',
    "shuffle_seed" INTEGER,
    "session_id" UUID,
    "playing" BOOLEAN NOT NULL DEFAULT false,
    "place_key" TEXT,
    "place_ms" INTEGER NOT NULL DEFAULT 0,
    "place_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "play_queue_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "play_queue_operation" (
    "user_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "operation" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "play_queue_operation_pkey" PRIMARY KEY ("user_id","id")
);

-- CreateTable
CREATE TABLE "play_device" (
    "session_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "play_device_pkey" PRIMARY KEY ("session_id")
);

-- CreateIndex
CREATE INDEX "play_queue_operation_user_id_version_idx" ON "play_queue_operation"("user_id", "version");

-- CreateIndex
CREATE INDEX "play_device_user_id_idx" ON "play_device"("user_id");

-- AddForeignKey
ALTER TABLE "play_queue" ADD CONSTRAINT "play_queue_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "play_queue_operation" ADD CONSTRAINT "play_queue_operation_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "play_device" ADD CONSTRAINT "play_device_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "play_device" ADD CONSTRAINT "play_device_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
