import { browserName } from '../accounts/browser-name.ts'
import { get, post, request } from '../app/api.ts'
import { onEvent } from '../app/events.ts'
import { t } from '../messages/queue.ts'

/** A browser of this person's that is open. */
export interface Device { readonly id: string, readonly userAgent: string, readonly here: boolean, readonly plays: boolean }

interface Place { readonly key: string | null, readonly positionMs: number, readonly playing: boolean, readonly deviceId: string | null }

export interface DeviceHooks {
  /** What this tab does; null where another tab of this browser plays and reports. */
  place (): { readonly key: string | null, readonly positionMs: number, readonly playing: boolean } | null
  /** Another device plays from now on. */
  lost (): void
  command (command: string): void
}

const playingEveryMs = 15_000
const openEveryMs = 60_000
/** Others reckon the place from the report before; where the needle was moved away from that, they are told. */
const farFromReckonedMs = 2_000
const leastBetweenMs = 1_000

let list = $state.raw<readonly Device[]>([])
let playsOn = $state<string | null>(null)
let playing = $state(false)
let place = $state.raw<Place | null>(null)
let failed = $state(false)
let hooks: DeviceHooks | null = null
let stops: Array<() => void> = []
let told = { key: null as string | null, playing: false, positionMs: 0, atMs: 0 }

const here = (): string | undefined => list.find((device) => device.here)?.id

/** The signed-in browsers that are open, of which one plays. */
export const devices = {
  get list () { return list },
  get failed () { return failed },
  /** Where another device left the music, in seconds into the entry of this key; null: nowhere in it. */
  placeIn: (key: string): number | null => (place?.key === key && place.deviceId !== here() ? place.positionMs / 1000 : null),
  /** The device that plays, where it isn't this one. */
  get elsewhere () { return playing ? list.find((device) => device.id === playsOn && !device.here) ?? null : null }
}

/** Such as “Firefox, Linux”, of the device that plays; null where none but this one does. */
export function elsewhereName (): string | null {
  const device = devices.elsewhere
  return device === null ? null : browserName(device.userAgent) ?? t('queue.some-browser')
}

export function startDevices (given: DeviceHooks): void {
  stopDevices()
  hooks = given
  const timer = setInterval(() => { if (Date.now() - told.atMs >= (told.playing ? playingEveryMs : openEveryMs) - 500) report(false) }, playingEveryMs)
  const left = (): void => { leave() }
  addEventListener('pagehide', left)
  stops = [() => { clearInterval(timer) }, () => { removeEventListener('pagehide', left) }, onEvent('devices', hear)]
  report(false)
}

export function stopDevices (): void {
  for (const stop of stops) stop()
  stops = []
  hooks = null
  list = []
}

/** Call whenever this tab begins or ends to play, plays something else, or is at another place. */
export function tellDevices (): void {
  const at = hooks?.place() ?? null
  if (at === null) return
  if (at.playing !== told.playing || at.key !== told.key) report(at.playing)
  else if (isElsewhere(at.positionMs)) report(false)
}

function isElsewhere (positionMs: number): boolean {
  const passedMs = Date.now() - told.atMs
  return passedMs > leastBetweenMs && Math.abs(positionMs - told.positionMs - (told.playing ? passedMs : 0)) > farFromReckonedMs
}

function report (claim: boolean): void {
  const at = hooks?.place() ?? null
  if (at === null) return
  told = { ...at, atMs: Date.now() }
  // The next one follows soon; a device that can't be reached is one that isn't there.
  request('PUT', '/devices/this', { body: { ...at, positionMs: Math.max(0, Math.round(at.positionMs)), claim } }).catch(() => undefined)
}

function leave (): void {
  const at = hooks?.place() ?? null
  if (at === null) return
  const options = { keepalive: true }
  if (at.playing) request('PUT', '/devices/this', { ...options, body: { ...at, positionMs: Math.round(at.positionMs), playing: false, claim: false } }).catch(() => undefined)
  request('DELETE', '/devices/this', options).catch(() => undefined)
}

function hear (data: Readonly<Record<string, unknown>> | null): void {
  if (data === null || 'opened' in data || 'closed' in data) { readDevices(); return }
  if ('command' in data) {
    if (data['to'] === here()) hooks?.command(String(data['command']))
    return
  }
  playsOn = String(data['active'])
  playing = data['playing'] === true
  place = { key: data['key'] === null ? null : String(data['key']), positionMs: Number(data['positionMs']), playing, deviceId: playsOn }
  list = list.map((device) => ({ ...device, plays: device.id === playsOn }))
  if (playing && playsOn !== here() && here() !== undefined) hooks?.lost()
}

/** Reads the list anew. */
export async function readDevices (): Promise<void> {
  try {
    const answer = await get<{ items: Device[], place: Place }>('/devices')
    if (hooks === null) return
    list = answer.items
    place = answer.place
    playsOn = place.deviceId
    playing = place.playing
    failed = false
  } catch {
    failed = true
  }
}

/** Makes this the device that plays; the one that did falls silent. @returns where the music is */
export async function takeOverHere (): Promise<{ readonly key: string | null, readonly positionMs: number }> {
  const taken = await post<Place>('/devices/this/take-over')
  playsOn = here() ?? null
  told = { key: taken.key, playing: true, positionMs: taken.positionMs, atMs: Date.now() }
  return taken
}

export async function commandDevice (id: string, command: 'pause' | 'resume' | 'next' | 'previous'): Promise<void> {
  await post(`/devices/${id}/command`, { command })
}
