import type { Stream } from '../app/api-types.ts'

/** auto: by album while its tracks play in a row, else by track. */
export type LoudnessMode = 'auto' | 'track' | 'album' | 'off'

/** ReplayGain 2.0's reference level. It leaves 17 dB for peaks, so few tracks have any that the limiter must hold. */
const targetLufs = -18
/** EBU R 128's highest true peak. */
export const highestPeakDbtp = -1
/** To −36 LUFS; more would make a nearly silent track's noise a sound of its own. */
const mostBoostDb = 18
/** The engine turns single peaks down so far; what would need more is raised less. */
const mostLimitedDb = 8

/**
 * What to add to a track's level so that all sound equally loud, in dB. Where its true peak then passes −1 dBTP the
 * engine turns that peak down, by 8 dB at most; see engine/peak-limiter.ts. The media element plays nothing louder than it is.
 * 0 where nothing is known, or nothing is wanted.
 * @param albumInRow whether it plays among its album's tracks, whose differences are meant
 */
export function gainDb ({ trackLufs, albumLufs, truePeakDbtp }: Stream['loudness'], mode: LoudnessMode, albumInRow: boolean): number {
  if (mode === 'off') return 0
  const byAlbum = mode === 'album' || (mode === 'auto' && albumInRow)
  const lufs = byAlbum ? albumLufs ?? trackLufs : trackLufs
  if (lufs === null) return 0
  const wanted = Math.min(targetLufs - lufs, mostBoostDb)
  // Without a known peak nothing may become louder. A peak that is over already may stay: turning it down is not asked for.
  const room = truePeakDbtp === null ? 0 : Math.max(0, highestPeakDbtp + mostLimitedDb - truePeakDbtp)
  return Math.min(wanted, room)
}

/** The factor that this many dB are. */
export const factorOf = (db: number): number => 10 ** (db / 20)
