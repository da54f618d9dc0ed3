import { setTimeout as delay } from 'node:timers/promises'
import type { Stream } from '../../src/streaming/schemas.ts'
import type { Client } from '../../test/acceptance/client.ts'
import { expect, expectStatus } from '../../test/acceptance/expectations.ts'
import type { Fleet } from './fleet.ts'
import { type KnownTrack, setStage, type StageOptions } from './stage.ts'
import { expectRange, WrongBytesError } from './visits.ts'

export interface StreamsOptions {
  readonly streams: number
  readonly stage: StageOptions
  /** Time between the kill of one process and that of the next. */
  readonly pauseMs: number
  /** Default: every process that there is. */
  readonly kills?: number
}

export interface StreamsOutcome {
  readonly streams: number
  readonly killed: number
  readonly ranges: number
  readonly megabytes: number
  /** Requests that were cut off or refused, and made once more. */
  readonly retried: number
  /** Streams that failed twice, ran dry, or got other bytes. */
  readonly broken: number
  readonly faults: readonly string[]
}

/** What a player has ahead of what is heard; a page may hold far more. */
const aheadSeconds = 12
/** The one retry: by then the balancer has seen two checks fail. */
const retryMs = 3_000

interface Playback {
  readonly client: Client
  readonly track: KnownTrack
  readonly count: { ranges: number, bytes: number, retried: number }
  isOver(): boolean
}

/** Kills the web processes of a fleet one after the other while many listen, each in real time. */
export async function proveStreams (fleet: Fleet, { streams, stage: wanted, pauseMs, kills = Infinity }: StreamsOptions, print: (line: string) => void): Promise<StreamsOutcome> {
  const stage = await setStage(fleet, wanted)
  const count = { ranges: 0, bytes: 0, retried: 0 }
  const faults: string[] = []
  const end = new AbortController()
  const isOver = () => end.signal.aborted
  const listening = Array.from({ length: streams }, async (_, at) => {
    const [listener, track] = [stage.listeners[at % stage.listeners.length], stage.tracks[at % stage.tracks.length]]
    if (listener === undefined || track === undefined) throw new Error('nobody listens')
    // Not all at the same moment, as in life.
    await delay(Math.random() * pauseMs)
    const playback = { client: listener.client, track, count, isOver }
    while (!isOver()) await play(playback)
  })
  // Each hears its fault at once; the others go on.
  const heard = listening.map((one, at) => one.catch((error: unknown) => { faults.push(`stream ${at + 1}: ${error instanceof Error ? error.message : String(error)}`) }))
  await delay(1.5 * pauseMs)
  const doomed = fleet.web().slice(0, kills)
  for (const instance of doomed) {
    const before = { ...count }
    await fleet.killWeb(instance)
    await Promise.all([delay(pauseMs), replace(fleet, instance.slot)])
    print(`${instance.name} killed: ${count.ranges - before.ranges} ranges since then, ${count.retried - before.retried} retried, ${faults.length} of ${streams} broken`)
  }
  end.abort()
  await Promise.all(heard)
  return { streams, killed: doomed.length, ranges: count.ranges, megabytes: Math.round(count.bytes / 1e6), retried: count.retried, broken: faults.length, faults }
}

/** As the scaling group would: the dead one is forgotten once it is found, and another one comes. */
async function replace (fleet: Fleet, slot: string): Promise<void> {
  await delay(retryMs)
  await fleet.balancer.remove(slot)
  await fleet.addWeb()
}

/** Plays a track once from its beginning: fills what is ahead, and from then on fetches each fragment in time. */
async function play (playback: Playback): Promise<void> {
  const { track } = playback
  const stream = await once(playback, () => addressOf(playback))
  const { index } = stream
  expect(index !== null, 'the stream has no index')
  await once(playback, () => fetchBytes(playback, stream.url, 0, index.initBytes))
  let bufferedSeconds = 0
  let startedAt: number | undefined
  const heardSeconds = () => startedAt === undefined ? 0 : (performance.now() - startedAt) / 1000
  for (const [offset = 0, size = 0, ticks = 0] of index.fragments) {
    while (bufferedSeconds - heardSeconds() > aheadSeconds && !playback.isOver()) await delay(100 + Math.random() * 100)
    if (playback.isOver()) return
    await once(playback, () => fetchBytes(playback, stream.url, offset, offset + size))
    expect(heardSeconds() <= bufferedSeconds, `“${track.title}” ran dry at ${bufferedSeconds.toFixed(1)} s`)
    bufferedSeconds += ticks / index.timescale
    if (bufferedSeconds > aheadSeconds) startedAt ??= performance.now()
  }
}

async function addressOf ({ client, track }: Playback): Promise<Stream> {
  return expectStatus(await client.get<Stream>(`/api/tracks/${track.id}/stream?format=aac&maxBitrateKbps=160`), 200).body
}

async function fetchBytes ({ client, track, count }: Playback, url: string, from: number, to: number): Promise<void> {
  await expectRange(client, { url, bytes: track.bytes, from, to })
  count.ranges++
  count.bytes += to - from
}

/** The client’s one retry. */
async function once<T> ({ count }: Playback, request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (error instanceof WrongBytesError) throw error
    // A kill is what is being proved; what fails twice is told of.
    count.retried++
    await delay(retryMs)
    return await request()
  }
}
