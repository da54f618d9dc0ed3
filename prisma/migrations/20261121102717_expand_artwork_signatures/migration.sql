-- CreateTable
CREATE TABLE "artwork_signature" (
    "id" TEXT NOT NULL,
    "query" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "artwork_signature_pkey" PRIMARY KEY ("id")
);
