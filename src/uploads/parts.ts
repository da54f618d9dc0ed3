const mebibyte = 1_048_576
/** Small enough to repeat after a lost connection, large enough that a track takes few requests. S3 allows no less than 5 MiB. */
const usualPartBytes = 8 * mebibyte
/** S3's limit. */
const maxParts = 10_000

/** The size of every part but the last, which may be smaller: whole MiB, and at most 10,000 parts. */
export function partSizeOf (sizeBytes: number): number {
  return Math.max(usualPartBytes, Math.ceil(sizeBytes / maxParts / mebibyte) * mebibyte)
}

export function partCountOf ({ sizeBytes, partSizeBytes }: { readonly sizeBytes: bigint, readonly partSizeBytes: bigint }): number {
  return Math.max(1, Math.ceil(Number(sizeBytes) / Number(partSizeBytes)))
}

/** How many bytes part `partNumber` (from 1) has. */
export function bytesOfPart (upload: { readonly sizeBytes: bigint, readonly partSizeBytes: bigint }, partNumber: number): number {
  const before = (partNumber - 1) * Number(upload.partSizeBytes)
  return Math.min(Number(upload.partSizeBytes), Number(upload.sizeBytes) - before)
}
