import { notify } from '../app/notices.svelte.ts'
import type { Track } from '../app/api-types.ts'
import { t } from '../messages/messages.ts'
import { Playback, type PlaybackState, silence } from './playback.ts'
import {
  clearOthers, currentEntry, emptyQueue, following, insertLast, insertNext, moveEntry, preceding, type Queue, removeEntry, type Repeat,
  shuffleQueue, startQueue, unshuffleQueue
} from './queue.ts'
import { readQueue, writeQueue } from './queue-store.ts'
import { keepPlace, keptPlace, keptVolume, keepVolume } from './kept-place.ts'

/** Previous restarts the track once it has played this long. */
const restartAfterSeconds = 3

let queue = $state.raw<Queue>(emptyQueue)
let state = $state.raw<PlaybackState>(silence)
const heard = keptVolume()
let volume = $state(heard)
let userId: string | null = null

const playback = new Playback({
  changed (next) { state = next },
  next: () => (queue.repeat === 'one' ? currentEntry(queue) : queue.entries[following(queue)]),
  ended () {
    if (queue.repeat === 'one') startCurrent()
    else skipForward()
  },
  place: keepHere
})
playback.setVolume(heard.level, heard.muted)
addEventListener('pagehide', () => { if (state.status !== 'idle') keepHere(playback.position()) })

/** What the pages show. They change it only through the requests below. */
export const player = {
  get queue () { return queue },
  get track (): Track | undefined { return currentEntry(queue)?.track },
  get entryKey () { return currentEntry(queue)?.key },
  get status () { return state.status },
  get positionSeconds () { return state.positionSeconds },
  get durationSeconds () { return (currentEntry(queue)?.track.durationMs ?? 0) / 1000 },
  get waveformUrl () { return state.waveformUrl },
  get message () { return state.message },
  get volume () { return volume.level },
  get muted () { return volume.muted },
  /** Whether the music runs or is about to. */
  get active () { return state.status === 'playing' || state.status === 'loading' || state.status === 'stalled' },
  /** The place this very moment, for the needle. */
  now: () => playback.position()
}

function keepHere (seconds: number): void {
  if (userId !== null) keepPlace(userId, currentEntry(queue)?.key ?? 0, seconds)
}

function startCurrent (): void {
  const entry = currentEntry(queue)
  if (entry !== undefined) playback.start(entry, 0)
}

function change (next: Queue): void {
  queue = next
  // A browser that keeps nothing (private windows) still plays.
  if (userId !== null) writeQueue(userId, next).catch(() => undefined)
}

/** Brings back the queue of this user, paused at its place. */
export async function openPlayer (user: string): Promise<void> {
  if (userId === user) return
  userId = user
  const kept = await readQueue(user).catch(() => null)
  if (kept === null || queue.entries.length > 0) return
  queue = kept
  const entry = currentEntry(kept)
  if (entry !== undefined) playback.restore(entry, keptPlace(user, entry.key))
}

/** Stops and forgets, when somebody signs out. */
export function closePlayer (): void {
  playback.stop()
  queue = emptyQueue
  userId = null
}

export function playTracks (tracks: readonly Track[], at = 0): void {
  if (tracks.length === 0) return
  change(startQueue(queue, tracks, at, Math.random))
  startCurrent()
}

export function shuffleTracks (tracks: readonly Track[]): void {
  if (tracks.length === 0) return
  change(shuffleQueue(startQueue({ ...queue, shuffled: false }, tracks, Math.floor(Math.random() * tracks.length), Math.random), Math.random, true))
  startCurrent()
}

export function playNext (tracks: readonly Track[]): void {
  add(tracks, insertNext, 'player.queued-next')
}

export function playLast (tracks: readonly Track[]): void {
  add(tracks, insertLast, 'player.queued-last')
}

function add (tracks: readonly Track[], insert: typeof insertNext, message: 'player.queued-next' | 'player.queued-last'): void {
  const wasEmpty = queue.entries.length === 0
  change(insert(queue, tracks))
  notify(t(message, { count: tracks.length }))
  const entry = currentEntry(queue)
  if (wasEmpty && entry !== undefined) playback.restore(entry, 0)
}

export function togglePlay (): void {
  if (player.active) playback.pause()
  else playback.resume()
}

export function pause (): void { playback.pause() }
export function resume (): void { playback.resume() }

export function seekTo (seconds: number): void {
  playback.seek(Math.min(Math.max(0, seconds), Math.max(0, player.durationSeconds - 0.25)))
}

export function jumpTo (index: number): void {
  if (queue.entries[index] === undefined) return
  change({ ...queue, at: index })
  startCurrent()
}

export function skipForward (): void {
  const index = following(queue)
  if (index >= 0) jumpTo(index)
  else { playback.rest(); announceEnd() }
}

function announceEnd (): void {
  if (queue.entries.length > 0) notify(t('player.end-of-queue'))
}

export function skipBack (): void {
  const index = preceding(queue)
  if (player.now() > restartAfterSeconds || index < 0) seekTo(0)
  else jumpTo(index)
}

export function removeFromQueue (index: number): void {
  const wasCurrent = index === queue.at
  const playing = player.active
  change(removeEntry(queue, index))
  if (!wasCurrent) return
  const entry = currentEntry(queue)
  if (entry === undefined) playback.stop()
  else if (playing) startCurrent()
  else playback.restore(entry, 0)
}

export function moveInQueue (from: number, to: number): void { change(moveEntry(queue, from, to)) }
export function clearQueue (): void { change(clearOthers(queue)) }

export function toggleShuffle (): void {
  change(queue.shuffled ? unshuffleQueue(queue) : shuffleQueue(queue, Math.random))
  notify(t(queue.shuffled ? 'player.shuffle-on' : 'player.shuffle-off'))
}

const repeatAfter: Readonly<Record<Repeat, Repeat>> = { off: 'all', all: 'one', one: 'off' }

export function cycleRepeat (): void {
  change({ ...queue, repeat: repeatAfter[queue.repeat] })
  notify(t(`player.repeat-${queue.repeat}`))
}

export function setVolume (level: number, muted = false): void {
  volume = { level: Math.min(1, Math.max(0, level)), muted }
  playback.setVolume(volume.level, muted)
  keepVolume(volume)
}

export function toggleMute (): void { setVolume(volume.level === 0 ? 0.5 : volume.level, !volume.muted && volume.level > 0) }
