import { onEvent } from '../app/events.ts'

/** How an upload is getting on, as the server tells it. */
export interface UploadNews {
  readonly id: string
  readonly state: 'received' | 'published' | 'duplicate' | 'rejected' | 'failed' | 'cancelled'
  readonly stage: string | null
  readonly reason: string | null
  readonly trackId: string | null
}

const states: readonly string[] = ['received', 'published', 'duplicate', 'rejected', 'failed']
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/**
 * Calls back with each stage of every upload; with null when something may have been missed.
 * @returns what ends it
 */
export function followUploads (heard: (news: UploadNews | null) => void): () => void {
  return onEvent('upload', (data) => {
    if (data === null) { heard(null); return }
    const { id, state, stage, reason, trackId } = data
    // A newer server may tell what this client doesn't know.
    if (typeof id !== 'string' || typeof state !== 'string' || !states.includes(state)) return
    heard({ id, state: state as UploadNews['state'], stage: textOf(stage), reason: textOf(reason), trackId: textOf(trackId) })
  })
}
