import type { SearchResult } from '../../src/catalog/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import type { Client } from '../../test/acceptance/client.ts'
import { expect, expectStatus } from '../../test/acceptance/expectations.ts'
import { type KnownTrack, type Listener, type Stage, signedIn } from './stage.ts'

export interface Visits {
  readonly answered: number
  readonly failed: number
  /** Turned away by a busy instance with 503 and Retry-After, as it should; counted apart from failures. */
  readonly shed: number
  readonly byKind: Readonly<Record<string, number>>
  /** The first few, in words. */
  readonly faults: readonly string[]
}

type Visit = (listener: { -readonly [K in keyof Listener]: Listener[K] }, track: KnownTrack) => Promise<void>

const mostFaults = 20
const rangeBytes = 65_536

const visits: Readonly<Record<string, Visit>> = {
  async 'sign-in' (listener) {
    listener.client = await signedIn(listener.client, listener.credentials)
  },
  async search ({ client }, { id, title }) {
    const { body } = expectStatus(await client.get<SearchResult>(`/api/search?q=${encodeURIComponent(title)}`), 200)
    expect(body.tracks.some((track) => track.id === id), `a search for “${title}” does not find it`)
  },
  async stream ({ client }, { id }) {
    expectStatus(await client.get<Stream>(`/api/tracks/${id}/stream?format=aac&maxBitrateKbps=160`), 200)
  },
  async media ({ client }, { stream, bytes }) {
    const from = Math.floor(Math.random() * (bytes.length - rangeBytes))
    await expectRange(client, { url: stream.url, bytes, from, to: from + rangeBytes })
  }
}
/** What of a hundred visits is what. */
const mix: ReadonlyArray<readonly [kind: string, until: number]> = [['sign-in', 1], ['search', 30], ['stream', 55], ['media', 100]]

/** Never to be tried again: it is wrong once and for all. */
export class WrongBytesError extends Error {}

/** @throws WrongBytesError when other bytes come than these, from `from` up to but without `to` */
export async function expectRange (client: Client, { url, bytes, from, to }: { readonly url: string, readonly bytes: Buffer, readonly from: number, readonly to: number }): Promise<void> {
  const answer = expectStatus(await client.get(url, { token: undefined, headers: { range: `bytes=${from}-${to - 1}` } }), 206)
  if (!answer.bytes.equals(bytes.subarray(from, to))) throw new WrongBytesError(`bytes ${from}–${to} are other ones (${answer.bytes.length} came)`)
}

/** Listeners who come at random and do what listeners do, each answer checked. */
export function createVisits (stage: Stage): { visit(): Promise<void>, so(): Visits } {
  const listeners = stage.listeners.map((listener) => ({ ...listener }))
  const tally = { answered: 0, failed: 0, shed: 0 }
  const byKind: Record<string, number> = {}
  const faults: string[] = []
  return {
    async visit () {
      const kind = kindOf(Math.random() * 100)
      const [listener, track] = [oneOf(listeners), oneOf(stage.tracks)]
      byKind[kind] = (byKind[kind] ?? 0) + 1
      try {
        await visits[kind]?.(listener, track)
        tally.answered++
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        if (text.includes('OVERLOADED')) {
          tally.shed++
          return
        }
        tally.failed++
        if (faults.length < mostFaults) faults.push(`${kind}: ${text}`)
      }
    },
    so: () => ({ ...tally, byKind: { ...byKind }, faults: [...faults] })
  }
}

function kindOf (percent: number): string {
  return mix.find(([, until]) => percent < until)?.[0] ?? 'media'
}

function oneOf<T> (list: readonly T[]): T {
  const one = list[Math.floor(Math.random() * list.length)]
  if (one === undefined) throw new Error('there is nothing to choose from')
  return one
}
