import { post } from '../app/api.ts'

/** Words that the server knows. */
export type PlayErrorReason = 'interrupted' | 'gave-up' | 'undecodable' | 'refused'

export interface ErrorReport {
  /** Something of this play could not be heard. */
  tell (reason: PlayErrorReason): void
}

/** Tells the server what went wrong with one play, each reason once, so that somebody hears of it. */
export function startErrorReport (trackId: string): ErrorReport {
  const told = new Set<PlayErrorReason>()
  return {
    tell (reason) {
      // Without a line nothing can be told, and the fault is nobody's there.
      if (told.has(reason) || !navigator.onLine) return
      told.add(reason)
      post('/plays/errors', { trackId, reason }, { keepalive: true }).catch(() => undefined)
    }
  }
}
