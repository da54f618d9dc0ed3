import { post } from '../app/api.ts'

/** What makes the sound: our exact player, or the browser's own. */
export type SoundKind = 'engine' | 'base'

export interface SoundReport {
  /** There is sound. */
  sounds (kind: SoundKind): void
  /** There is none, though there should be. */
  stalls (): void
  /** The listener paused, moved the needle or chose something else: the silence is theirs. */
  rests (): void
  /** The play is over. */
  finish (): void
}

/** Shorter silences are the decoder's own. */
const shortestStallMs = 250
/** The server takes no longer waits; who waited ten minutes has left. */
const longestStartMs = 600_000

interface Start { readonly ms: number, readonly sound: SoundKind, readonly prepared: boolean }

/**
 * Tells the server that a play began to sound and how long the listener waited for it, and at its end of the silences
 * within. Tells neither who nor what.
 */
export function startSoundReport (asked: { readonly atMs: number, readonly prepared: boolean } | null): SoundReport {
  let started = false
  let heard = asked === null
  let stalledAtMs: number | null = null
  let stalls = 0
  let stalledMs = 0

  function endStall (): void {
    const lasted = stalledAtMs === null ? 0 : performance.now() - stalledAtMs
    stalledAtMs = null
    if (lasted < shortestStallMs) return
    stalls += 1
    stalledMs += lasted
  }

  function startBy (sound: SoundKind): Start | null {
    if (asked === null || heard) return null
    const ms = Math.round(performance.now() - asked.atMs)
    return ms <= longestStartMs ? { ms, sound, prepared: asked.prepared } : null
  }

  return {
    sounds (sound) {
      endStall()
      if (started) return
      started = true
      tell({ started, start: startBy(sound), stalls: 0, stalledMs: 0 })
      heard = true
    },
    stalls () { if (heard) stalledAtMs ??= performance.now() },
    rests () {
      endStall()
      // Paused before the first sound: nobody waited any more.
      heard = true
    },
    finish () {
      endStall()
      if (stalls > 0) tell({ started: false, start: null, stalls, stalledMs: Math.round(stalledMs) })
      stalls = 0
    }
  }
}

function tell (report: { readonly started: boolean, readonly start: Start | null, readonly stalls: number, readonly stalledMs: number }): void {
  // One measurement lost harms nobody.
  post('/plays/sound', report, { keepalive: true }).catch(() => undefined)
}
