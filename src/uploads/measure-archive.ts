import { walkArchive } from './walk-archive.ts'

export interface ArchiveSize {
  files: number
  bytes: number
  /** False while the walk goes on: the figures still grow. */
  complete: boolean
}

/** Counts the audio files below a folder, beside the import, so that progress has something to be measured by. */
export function measureArchive (root: string, signal: AbortSignal): ArchiveSize {
  const size: ArchiveSize = { files: 0, bytes: 0, complete: false }
  // What can't be looked at is reported by the import itself.
  const count = async () => {
    for await (const batch of walkArchive(root, { other () {}, unreadable () {} })) {
      if (signal.aborted) return
      size.files += batch.length
      for (const { sizeBytes } of batch) size.bytes += sizeBytes
    }
    size.complete = true
  }
  setImmediate(count)
  return size
}
