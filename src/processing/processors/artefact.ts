import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Artefact } from './processed-track.ts'

/** Twice as fast as with the 64 KiB that streams take by default. */
const chunkBytes = 2 ** 20

/** Measures and hashes a file just made. */
export async function artefact (path: string, mimeType: string): Promise<Artefact> {
  const { sha256, sizeBytes } = await hashFile(path)
  return { path, sizeBytes, sha256, mimeType }
}

/** SHA-256 of a file of any size, in lower-case hex. */
export async function hashFile (path: string): Promise<{ readonly sha256: string, readonly sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: hash.digest('hex'), sizeBytes }
}
