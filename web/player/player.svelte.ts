import { onLine } from '../app/network.svelte.ts'
import { notify } from '../app/notices.svelte.ts'
import { preferences } from '../app/preferences.svelte.ts'
import type { Track } from '../app/api-types.ts'
import type { EntrySource, Repeat } from '../../src/playlists/queue-operations.ts'
import { t } from '../messages/playback.ts'
import { t as tQueue } from '../messages/queue.ts'
import { sendKeptPlays, tellPlay } from './play-outbox.ts'
import { isAlbumInRow } from './album-in-row.ts'
import { oneTab } from './one-tab.svelte.ts'
import { Playback } from './playback.ts'
import { type PlaybackState, silence } from './playback-state.ts'
import { devices, readDevices, startDevices, stopDevices, takeOverHere, tellDevices } from './devices.svelte.ts'
import { currentEntry, following, preceding } from './queue.ts'
import {
  clearOthers, closeQueue, insertTracks, meetQueue, moveEntry, openQueue, queueState, removeKeys, replaceQueue, setCurrent, setRepeat, setShuffled, undoQueue
} from './queue-state.svelte.ts'
import { keepPlace, keepSpeed, keptPlace, keptSpeed, keptVolume, keepVolume } from './kept-place.ts'
import { SleepTimer } from './sleep-timer.svelte.ts'

/** So many tracks in a row that make no sound are no fault of the tracks. */
const mostUnplayable = 4
/** Previous restarts the track once it has played this long. */
const restartAfterSeconds = 3

let unplayableInRow = 0
const queue = $derived(queueState.queue)
let state = $state.raw<PlaybackState>(silence)
const heard = keptVolume()
let volume = $state(heard)
let speed = $state(keptSpeed())
let userId: string | null = null

const playback = new Playback({
  changed (next) {
    state = next
    if (player.active) sleepTimer.wake()
    shareWhatPlays()
    tellDevices()
  },
  next: () => queue.entries[followsAt()],
  joined (entry) {
    const index = followsAt()
    if (queue.entries[index]?.key === entry.key) setCurrent(index)
    else goOn()
  },
  ended: goOn,
  unplayable (reason) {
    notify(t('playback.skipped', { title: player.track?.title ?? '', reason }), { kind: 'fault' })
    const index = following(queue)
    if (++unplayableInRow < mostUnplayable && index >= 0 && index !== queue.at) jumpTo(index)
  },
  isInRow: ({ key }) => isAlbumInRow(queue, key),
  place: keepHere,
  heard (play) { if (userId !== null) tellPlay(userId, play) }
})
playback.setVolume(heard.level, heard.muted)
playback.setSpeed(keptSpeed())
// The page comes first; whoever presses play before hears the browser's own sound, and so does everybody where this fails.
const whenIdle = 'requestIdleCallback' in window ? requestIdleCallback : setTimeout
whenIdle(() => { playback.fetchEngine(async () => (await import('./engine/engine-sound.ts')).createEngineSound).catch(() => undefined) })
$effect.root(() => { $effect(() => { playback.setSettings(preferences.current) }) })
const sleepTimer = new SleepTimer({ fade: (share) => { playback.setVolume(volume.level * share, volume.muted) }, stop: () => { playback.pause(t('playback.slept')) } })
// The note above the bar says where the music is, as long as it is there.
oneTab.start({ lost () { playback.pause() }, left () { if (!player.active) follow() } })
// When the browser sees a line, and when a server that was away answers again.
const sendKept = (): void => { if (userId !== null) sendKeptPlays(userId) }
addEventListener('online', sendKept)
onLine(sendKept)
addEventListener('pagehide', () => { if (state.status !== 'idle') keepHere(playback.position()) })

/** What the pages show. They change it only through the requests below. */
export const player = {
  get queue () { return queue },
  /** Once its title is known: a kept queue comes as ids, and is shown when its tracks have been fetched. */
  get track (): Track | undefined {
    const entry = currentEntry(queue)
    return entry?.state === 'known' ? entry.track : undefined
  },
  get entryKey () { return currentEntry(queue)?.key },
  get status () { return state.status },
  get positionSeconds () { return state.positionSeconds },
  get durationSeconds () { return (currentEntry(queue)?.track.durationMs ?? 0) / 1000 },
  get waveformUrl () { return state.waveformUrl },
  get version () { return state.version },
  get message () { return state.message },
  get volume () { return volume.level },
  get muted () { return volume.muted },
  get speed () { return speed },
  /** When the music shall end, and in how many minutes where the clock ends it. */
  get sleep () { return sleepTimer.sleep },
  get sleepMinutes () { return sleepTimer.minutesLeft },
  /** What another tab of this browser plays. */
  get elsewhere () { return oneTab.elsewhere },
  /** Whether the music runs or is about to. */
  get active () { return state.status === 'playing' || state.status === 'loading' || state.status === 'stalled' },
  /** The place this very moment, for the needle. */
  now: () => playback.position()
}

/** What follows by itself: the same where it repeats, nothing where the music shall end. -1: nothing. */
function followsAt (): number {
  const sleep = sleepTimer.sleep?.kind
  if (sleep === 'track') return -1
  if (queue.repeat === 'one') return queue.at
  const index = following(queue)
  return sleep === 'queue' && index <= queue.at ? -1 : index
}

function goOn (): void {
  const index = followsAt()
  if (index >= 0) jumpTo(index)
  else endOfMusic()
}

function endOfMusic (): void {
  const [sleep, index] = [sleepTimer.sleep, following(queue)]
  sleepTimer.cancel()
  if (sleep?.kind === 'track' && index >= 0) {
    setCurrent(index)
    const entry = currentEntry(queue)
    if (entry !== undefined) playback.restore(entry, 0)
  } else playback.rest()
  if (sleep === null) announceEnd()
  else notify(t('playback.slept'))
}

function shareWhatPlays (): void {
  const track = currentEntry(queue)?.track
  if (state.status === 'playing') unplayableInRow = 0
  if (!player.active || track === undefined) oneTab.rests()
  else oneTab.plays({ title: track.title, artist: track.artistCredit })
}

function keepHere (seconds: number): void {
  if (userId !== null) keepPlace(userId, currentEntry(queue)?.key ?? '', seconds)
}

function startCurrent (): void {
  const entry = currentEntry(queue)
  if (entry !== undefined) playback.start(entry, 0)
}

/** Brings back the queue of this user, paused at its place. */
export async function openPlayer (user: string): Promise<void> {
  if (userId === user) return
  userId = user
  sendKeptPlays(user)
  startDevices({
    place: () => oneTab.elsewhere !== null && !player.active ? null : { key: player.entryKey ?? null, positionMs: playback.position() * 1000, playing: player.active },
    lost () { if (player.active) playback.pause(tQueue('queue.taken')) },
    command: obey
  })
  await openQueue(user, follow)
  if (!player.active && queue.entries.length > 0) follow()
  await readDevices()
  const elsewhere = devices.placeIn(player.entryKey ?? '')
  if (elsewhere !== null && !player.active) follow()
}

/** Another device made another entry current. */
function follow (): void {
  const entry = currentEntry(queue)
  if (entry === undefined) playback.stop()
  else if (player.active) playback.start(entry, 0)
  else playback.restore(entry, devices.placeIn(entry.key) ?? (userId === null ? 0 : keptPlace(userId, entry.key)))
}

/** What another device of this person's asks of this one. */
function obey (command: string): void {
  if (command === 'pause') playback.pause()
  else if (command === 'resume') playback.resume()
  else if (command === 'next') skipForward()
  else if (command === 'previous') skipBack()
}

/** Stops and forgets, when somebody signs out. */
export function closePlayer (): void {
  playback.stop()
  stopDevices()
  closeQueue()
  userId = null
}

export function playTracks (tracks: readonly Track[], at = 0, from?: EntrySource): void {
  if (tracks.length > 0 && replaceQueue(tracks, at, { from })) startCurrent()
}

export function shuffleTracks (tracks: readonly Track[], from?: EntrySource): void {
  if (tracks.length > 0 && replaceQueue(tracks, Math.floor(Math.random() * tracks.length), { from, shuffle: true })) startCurrent()
}

export function playNext (tracks: readonly Track[], from?: EntrySource): void {
  add(tracks, player.entryKey ?? 'end', { from, message: 'player.queued-next' })
}

export function playLast (tracks: readonly Track[], from?: EntrySource): void {
  add(tracks, 'end', { from, message: 'player.queued-last' })
}

interface Added { readonly from: EntrySource | undefined, readonly message: 'player.queued-next' | 'player.queued-last' }

function add (tracks: readonly Track[], after: string, { from, message }: Added): void {
  const wasEmpty = queue.entries.length === 0
  if (!insertTracks(tracks, after, from)) return
  notify(t(message, { count: tracks.length }), { action: { label: tQueue('queue.undo'), run: undoQueue } })
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
  setCurrent(index)
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
  const entry = queue.entries[index]
  if (entry === undefined) return
  const wasCurrent = index === queue.at
  removeKeys([entry.key])
  if (wasCurrent) follow()
}

export function moveInQueue (from: number, to: number): void { moveEntry(from, to) }
export function clearQueue (): void { clearOthers() }

export function toggleShuffle (): void {
  setShuffled(!queue.shuffled)
  notify(t(queue.shuffled ? 'player.shuffle-on' : 'player.shuffle-off'))
}

const repeatAfter: Readonly<Record<Repeat, Repeat>> = { off: 'all', all: 'one', one: 'off' }

export function cycleRepeat (): void {
  setRepeat(repeatAfter[queue.repeat])
  notify(t(`player.repeat-${queue.repeat}`))
}

export function setVolume (level: number, muted = false): void {
  volume = { level: Math.min(1, Math.max(0, level)), muted }
  playback.setVolume(volume.level, muted)
  keepVolume(volume)
}

/** 1 is as recorded; 0.5 to 2. The pitch stays. */
export function setSpeed (rate: number): void {
  speed = Math.min(2, Math.max(0.5, rate))
  playback.setSpeed(speed)
  keepSpeed(speed)
}

export function sleepAfterMinutes (minutes: number): void { sleepTimer.setMinutes(minutes) }
export function sleepAtEndOf (kind: 'track' | 'queue'): void { sleepTimer.setEnd(kind) }
export function cancelSleep (): void { sleepTimer.cancel() }

/** Goes on here with what another tab plays, from where it is. */
export async function takeOver (): Promise<void> {
  playback.unlock()
  await oneTab.silenceOthers()
  if (userId === null) return
  // Off-line it goes on with what this tab knows.
  await meetQueue().catch(() => undefined)
  const entry = currentEntry(queue)
  if (entry !== undefined) playback.start(entry, keptPlace(userId, entry.key))
}

/** Goes on here with what another device plays, from where it is. */
export async function playHere (): Promise<void> {
  playback.unlock()
  const { key, positionMs } = await takeOverHere()
  if (key !== null && !queue.entries.some((entry) => entry.key === key)) await meetQueue()
  const index = queue.entries.findIndex((entry) => entry.key === key)
  if (index >= 0 && index !== queue.at) setCurrent(index)
  const entry = currentEntry(queue)
  if (entry !== undefined) await playback.start(entry, index >= 0 ? positionMs / 1000 : 0)
  await readDevices()
}

export function toggleMute (): void { setVolume(volume.level === 0 ? 0.5 : volume.level, !volume.muted && volume.level > 0) }
