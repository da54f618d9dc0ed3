import { UnreachableError } from '../app/api.ts'
import type { Artwork, Track } from '../app/api-types.ts'
import { faultText, isForbidden, isMissing } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { t } from '../messages/offline.ts'
import { waitOrOnline } from '../player/retry-wait.ts'
import { downloadTrack, PieceMissingError } from './download-track.ts'
import { type KeptCollection, type KeptKind, type KeptQuality, type KeptTrack, readCollections, readTracks, removeCollection, removeTracks, writeCollection } from './kept-database.ts'
import { repairKept } from './repair-kept.ts'
import { type KeptLine, readKeptList, writeKeptList } from './kept-list.ts'

/** A thing that can be kept, with the tracks it has now. */
export interface Keepable {
  readonly kind: KeptKind
  readonly refId: string
  readonly name: string
  readonly byline: string
  readonly artwork: Artwork | null
  readonly tracks: readonly Track[]
}

/** Why the keeping stands still. */
type Halt = 'line' | 'full'

const waitsMs = [2_000, 5_000, 15_000, 60_000]
const qualityKey = 'freshet.kept-quality'

let userId: string | null = null
let collections = $state.raw<readonly KeptCollection[]>([])
let tracks = $state.raw<ReadonlyMap<string, KeptTrack>>(new Map())
let lost = $state.raw<readonly KeptLine[]>([])
let halt = $state<Halt | null>(null)
let current = $state<string | null>(null)
let ready = $state(false)
let quality = $state<KeptQuality>(knownQuality(localStorage.getItem(qualityKey)))
let controller = new AbortController()
let running = false

const tabs = new BroadcastChannel('freshet-kept')
tabs.onmessage = () => { reload().catch(() => undefined) }

/** Whether this browser can play without a server at all: that is the service worker's doing. */
export const canKeep = (): boolean => 'serviceWorker' in navigator && 'indexedDB' in globalThis

export const keeping = {
  get ready () { return ready },
  get collections () { return collections },
  get tracks () { return tracks },
  /** What the browser has thrown away. */
  get lost () { return lost },
  get halt () { return halt },
  /** The track that is being fetched. */
  get current () { return current },
  get quality () { return quality },
  set quality (chosen) {
    quality = chosen
    localStorage.setItem(qualityKey, chosen)
  },
  find: (kind: KeptKind, refId: string): KeptCollection | undefined => collections.find(({ id }) => id === `${kind}:${refId}`),
  tracksOf: ({ trackIds }: KeptCollection): readonly KeptTrack[] => trackIds.flatMap((id) => tracks.get(id) ?? [])
}

function knownQuality (text: string | null): KeptQuality {
  return text === 'saving' || text === 'lossless' ? text : 'high'
}

/** Brings what this person keeps, and goes on with what isn't whole. Call once somebody is there. */
export async function openKeeping (user: string): Promise<void> {
  if (userId === user) return
  userId = user
  const broken = await repairKept(user)
  await reload()
  if (broken.length > 0) notify(t('kept.pieces-lost', { count: broken.length }), { kind: 'fault' })
  const here = new Set(collections.map(({ id }) => id))
  lost = readKeptList(user).filter(({ kind, refId }) => !here.has(`${kind}:${refId}`))
  ready = true
  run()
}

/** Stops, for somebody who leaves. */
export function closeKeeping (): void {
  controller.abort()
  controller = new AbortController()
  userId = null
  collections = []
  tracks = new Map()
  lost = []
  halt = null
  ready = false
}

async function reload (): Promise<void> {
  if (userId === null) return
  const [nextCollections, nextTracks] = await Promise.all([readCollections(userId), readTracks(userId)])
  collections = nextCollections.toSorted((a, b) => b.chosenAt.localeCompare(a.chosenAt))
  tracks = new Map(nextTracks.map((track) => [track.id, track]))
}

async function changed (): Promise<void> {
  if (userId === null) return
  await reload()
  writeKeptList(userId, [...collections.map(({ kind, refId, name }) => ({ kind, refId, name })), ...lost])
  tabs.postMessage('changed')
}

export async function keep (thing: Keepable): Promise<void> {
  if (userId === null) return
  // A browser may ask its user; whatever the answer, the music is kept as well as it can be.
  navigator.storage.persist().catch(() => undefined)
  const id = `${thing.kind}:${thing.refId}`
  const { tracks: all, ...about } = thing
  const before = lost
  lost = lost.filter((line) => `${line.kind}:${line.refId}` !== id)
  const trackIds = [...new Set(all.map((track) => track.id))]
  try {
    await save({ ...about, id, trackIds, quality, paused: false, chosenAt: new Date().toISOString() }, all)
  } catch (error) {
    lost = before
    notify(isFull(error) ? t('kept.full') : faultText(error), { kind: 'fault' })
    return
  }
  notify(t('kept.started', { name: thing.name }))
  run()
}

const isFull = (error: unknown): boolean => error instanceof DOMException && error.name === 'QuotaExceededError'

/** Somebody has made room. */
export function goOn (): void {
  halt = null
  run()
}

/** Follows a list that has changed: what is new is fetched, what left it goes. */
export async function followChange (collection: KeptCollection, now: readonly Track[]): Promise<void> {
  const trackIds = [...new Set(now.map((track) => track.id))]
  if (userId === null || trackIds.join() === collection.trackIds.join()) return
  await save({ ...collection, trackIds }, now)
  await removeTracks(userId, unused(collection.trackIds.filter((id) => !trackIds.includes(id))))
  await changed()
  run()
}

async function save (collection: KeptCollection, all: readonly Track[]): Promise<void> {
  if (userId === null) return
  const added = all.filter(({ id }) => !tracks.has(id)).map((track): KeptTrack => ({ id: track.id, track, quality: collection.quality, stream: null, totalBytes: 0, keptBytes: 0, complete: false }))
  await writeCollection(userId, collection, added)
  await changed()
}

/** Those of the tracks that no collection has. */
function unused (trackIds: readonly string[], except?: string): string[] {
  const wanted = new Set(collections.filter(({ id }) => id !== except).flatMap((collection) => collection.trackIds))
  return trackIds.filter((id) => !wanted.has(id))
}

export async function removeKept ({ id, name, trackIds }: KeptCollection): Promise<void> {
  if (userId === null) return
  controller.abort()
  controller = new AbortController()
  await removeCollection(userId, id, unused(trackIds, id))
  halt = null
  await changed()
  notify(t('kept.removed', { name }))
  run()
}

export async function removeAllKept (): Promise<void> {
  for (const collection of collections) await removeKept(collection)
}

export async function pauseKeeping (collection: KeptCollection, paused: boolean): Promise<void> {
  if (userId === null) return
  await writeCollection(userId, { ...collection, paused })
  halt = null
  await changed()
  if (paused) { controller.abort(); controller = new AbortController() }
  run()
}

/** What was thrown away is not wanted any more. */
export async function letGo (): Promise<void> {
  lost = []
  await changed()
}

/** Fetches what is wanted, one track after the other; of all tabs, one does. */
async function run (): Promise<void> {
  const user = userId
  if (running || user === null) return
  running = true
  try {
    await navigator.locks.request('freshet-keeping', async () => { await fetchAll(user) })
  } finally {
    running = false
    current = null
  }
}

async function fetchAll (user: string): Promise<void> {
  let tries = 0
  await reload()
  for (let next = nextWanted(); next !== undefined && isHere(user); next = nextWanted()) {
    const { signal } = controller
    current = next.id
    try {
      const track = await downloadTrack(next, { userId: user, signal, advanced: show })
      tries = 0
      halt = null
      show(track)
      tabs.postMessage('changed')
      tellDone(track)
    } catch (error) {
      if (signal.aborted) { await reload(); continue }
      if (isFull(error)) { halt = 'full'; notify(t('kept.full'), { kind: 'fault' }); return }
      if (isForbidden(error) || isMissing(error)) { await dropTrack(user, next); continue }
      halt = 'line'
      if (!(error instanceof PieceMissingError || error instanceof UnreachableError)) notify(faultText(error), { kind: 'fault' })
      await waitOrOnline(waitsMs[Math.min(tries++, waitsMs.length - 1)] ?? 0, signal)
    }
  }
}

const isHere = (user: string): boolean => userId === user

function nextWanted (): KeptTrack | undefined {
  const wanted = collections.filter(({ paused }) => !paused).flatMap(({ trackIds }) => trackIds)
  return wanted.map((id) => tracks.get(id)).find((track) => track !== undefined && !track.complete)
}

function show (track: KeptTrack): void {
  tracks = new Map(tracks).set(track.id, track)
}

/** A track that left the library can't be kept. */
async function dropTrack (user: string, track: KeptTrack): Promise<void> {
  for (const collection of collections.filter(({ trackIds }) => trackIds.includes(track.id))) {
    await writeCollection(user, { ...collection, trackIds: collection.trackIds.filter((id) => id !== track.id) })
  }
  await removeTracks(user, [track.id])
  await changed()
}

function tellDone (track: KeptTrack): void {
  const whole = collections.find((collection) => collection.trackIds.includes(track.id) && keeping.tracksOf(collection).every(({ complete }) => complete))
  if (whole !== undefined) notify(t('kept.done', { name: whole.name }))
}
