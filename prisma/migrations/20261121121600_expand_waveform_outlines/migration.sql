-- AlterTable
ALTER TABLE "waveform" ADD COLUMN     "outline" TEXT;
