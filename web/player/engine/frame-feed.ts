import { after, guessEntry, leastSavedBytes, prerollFrames, tableBytes } from './fragment-entry.ts'
import { ApiError } from '../../app/api.ts'
import { isFresh, type SignedStream } from '../stream.ts'
import type { SoundFault, Source } from '../sound.ts'
import { type Frame, FrameReader } from './frame-reader.ts'
import type { Mp4Init } from './mp4-boxes.ts'
import { fetchRange, NotHonouredError, type Range, waitForTry } from './ranged-fetch.ts'
import { nextKbps, throughputKbps } from './throughput.ts'
import { type Fragment, fragmentAt, fragmentsOf, type Index, shareTimeline } from './timeline.ts'

/** Where the next byte of the file goes to, and which one it is. */
interface Reading { readonly at: number, take (bytes: Uint8Array): void }

export interface FeedListener {
  frames (frames: readonly Frame[]): void
  /** All of the file came. */
  done (): void
  fault (fault: SoundFault): void
  /** Seconds that came and aren't played. */
  buffered (): number
}

/** So much is fetched before the listener gets there; a line that is cut for less is never heard. */
const aheadSeconds = 75
/** One request asks for so much, so that another version may be chosen after it. */
const requestSeconds = 20
/** While a start is heard its next bytes come in smaller requests. */
const firstRequestSeconds = 8

/** Fetches a track fragment by fragment, in the version that the line carries, and makes frames of what comes. */
export class FrameFeed {
  readonly #source: Source
  readonly #listener: FeedListener
  #stream: SignedStream
  #index: Index
  #fragments: Fragment[]
  /** Whether there are more fragments than #fragments has: those come behind the start of the file. */
  #partial: boolean
  #init: Mp4Init | null = null
  #controller = new AbortController()
  #more: (() => void) | null = null
  #renewing: Promise<void> | null = null
  /** The engine asked for another version and got the same: it isn't asked for again. */
  #fixed = false

  constructor (source: Source, index: Index, listener: FeedListener) {
    this.#source = source
    this.#listener = listener
    this.#stream = source.stream
    this.#index = index
    this.#fragments = fragmentsOf(index)
    this.#partial = source.stream.head !== undefined
  }

  get init (): Mp4Init | null { return this.#init }
  get #codec (): string { return this.#stream.rendition.codec }

  /** Fetches from the fragment that holds this tick on. What is under way ends. */
  start (tick: number): void {
    this.stop()
    const { signal } = this.#controller
    this.#run(tick, signal).catch((error: unknown) => { if (!signal.aborted) this.#fail(error) })
  }

  stop (): void {
    this.#controller.abort()
    this.#controller = new AbortController()
    this.#more = null
  }

  /** Something was played: there may be room for more. */
  pump (): void {
    if (this.#more !== null && this.#listener.buffered() < aheadSeconds) {
      this.#more()
      this.#more = null
    }
  }

  async #run (tick: number, signal: AbortSignal): Promise<void> {
    if (!isFresh(this.#stream, Date.now())) await this.#renew(signal)
    let next = await this.#fetchFirst(tick, signal)
    while (next < this.#fragments.length && !signal.aborted) {
      await this.#room(signal)
      await this.#adapt()
      if (signal.aborted) return
      const last = this.#lastOf(next, requestSeconds)
      this.#init ??= await this.#fetchInit(signal)
      await this.#fetchTo(last, this.#beginAt(next), signal)
      next = last + 1
    }
    if (!signal.aborted) this.#listener.done()
  }

  /** What is heard first isn't kept waiting by a choice of the version. @returns the fragment after it */
  async #fetchFirst (tick: number, signal: AbortSignal): Promise<number> {
    const begun = await this.#readHead(tick, signal)
    if (this.#partial) await this.#learnFragments(signal)
    const first = fragmentAt(this.#fragments, tick)
    const last = this.#lastOf(first, firstRequestSeconds)
    if (signal.aborted) return last
    if (begun === null && this.#isFarIn(first, tick)) await this.#enter(tick, last, signal)
    else {
      if (first > 0) this.#init ??= await this.#fetchInit(signal)
      await this.#fetchTo(last, begun ?? this.#beginAt(first), signal)
    }
    return last + 1
  }

  async #fetchInit (signal: AbortSignal): Promise<Mp4Init | null> {
    const reader = new FrameReader(0)
    await this.#fetchAll({ start: 0, end: this.#index.initBytes - 1 }, signal, (bytes) => { reader.push(bytes) })
    return reader.init
  }

  /** Whether what lies before this tick in its fragment is worth leaving out. */
  #isFarIn (fragment: number, tick: number): boolean {
    const found = this.#fragments[fragment]
    return found !== undefined && guessEntry(found, tick, this.#codec) > found.offset + tableBytes + leastSavedBytes
  }

  /**
   * Begins within a fragment: fetches its table and, in the same round trip, what follows the place where the tick
   * should be, for its bytes are spread evenly enough. Where they aren't, what lies between is fetched too. Past the
   * browser's cache, which answers requests of one address one after the other.
   */
  async #enter (tick: number, last: number, signal: AbortSignal): Promise<void> {
    const [fragment, to] = [this.#fragments[fragmentAt(this.#fragments, tick)], this.#fragments[last]]
    if (fragment === undefined || to === undefined) return
    const guess = guessEntry(fragment, tick, this.#codec)
    const early: Uint8Array[] = []
    let take = (bytes: Uint8Array): void => { early.push(bytes) }
    const [init, table] = [this.#init ?? this.#fetchInit(signal), this.#fetchWhole({ start: fragment.offset, end: fragment.offset + tableBytes - 1 }, signal)]
    const music = this.#fetchAll({ start: guess, end: to.offset + to.sizeBytes - 1 }, signal, (bytes) => { take(bytes) }, 'no-store')
    const entered = Promise.all([init, table]).then(async ([known, bytes]) => {
      if (signal.aborted) return
      this.#init = known
      const reader = new FrameReader(fragment.atTicks, known)
      reader.push(bytes)
      const skipped = reader.skipTo(tick, prerollFrames(this.#codec))
      if (skipped === null) throw new RangeError('the fragment begins with more than a table')
      const wanted = fragment.offset + skipped
      const give = (part: Uint8Array): void => { this.#give(reader.push(part)) }
      if (wanted < guess) await this.#fetchAll({ start: wanted, end: guess - 1 }, signal, give)
      take = after(Math.max(0, wanted - guess), give)
      for (const part of early.splice(0)) take(part)
    })
    await Promise.all([entered, music])
  }

  #give (frames: readonly Frame[]): void {
    if (frames.length > 0) this.#listener.frames(frames)
  }

  #beginAt (fragment: number): Reading {
    const from = this.#fragments[fragment]
    const reader = new FrameReader(from?.atTicks ?? 0, this.#init)
    return {
      at: fragment === 0 ? 0 : from?.offset ?? 0,
      take: (bytes) => {
        const frames = reader.push(bytes)
        this.#init ??= reader.init
        this.#give(frames)
      }
    }
  }

  /** What came with the address; null where the tick lies behind the first fragment. */
  async #readHead (tick: number, signal: AbortSignal): Promise<Reading | null> {
    const [head, first] = [this.#source.stream.head, this.#fragments[0]]
    if (!this.#partial || head === undefined || first === undefined || tick >= first.ticks) return null
    const { at, take } = this.#beginAt(0)
    let received = 0
    for await (const bytes of head.pieces()) {
      if (signal.aborted) return null
      received += bytes.byteLength
      take(bytes)
    }
    // Between the file's first bytes and the first fragment there is a table that nobody needs.
    return { at: received < head.initBytes || received === 0 ? at + received : first.offset + received - head.initBytes, take }
  }

  async #learnFragments (signal: AbortSignal): Promise<void> {
    const fragments = this.#source.stream.head?.fragments ?? null
    if (signal.aborted) return
    if (fragments !== null) this.#know({ ...this.#index, fragments })
    else await this.#renew(signal)
    if (this.#partial) throw new Error('the table of fragments did not come')
  }

  #know (index: Index): void {
    this.#index = index
    this.#fragments = fragmentsOf(index)
    this.#partial = false
  }

  async #fetchTo (last: number, { at, take }: Reading, signal: AbortSignal): Promise<void> {
    const to = this.#fragments[last]
    if (to !== undefined) await this.#fetchAll({ start: at, end: to.offset + to.sizeBytes - 1 }, signal, take)
  }

  async #fetchWhole (range: Range, signal: AbortSignal): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    await this.#fetchAll(range, signal, (bytes) => { parts.push(bytes) }, 'no-store')
    return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer())
  }

  /** Fetches the range until it is there, whatever the line or the address does. */
  async #fetchAll ({ start, end }: Range, signal: AbortSignal, take: (bytes: Uint8Array) => void, cache?: RequestCache): Promise<void> {
    let tries = 0
    let refusals = 0
    for (let at = start; at <= end && !signal.aborted;) {
      try {
        await fetchRange(this.#stream.url, { start: at, end }, { signal, cache, take: (bytes) => { tries = 0; at += bytes.byteLength; take(bytes) } })
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof RangeError) throw error
        if (error instanceof NotHonouredError) {
          refusals += 1
          if (refusals > 2) throw error
          await this.#renew(signal)
        } else if (!await waitForTry(tries++, signal)) throw error
      }
    }
  }

  /** One renewal serves all requests that need it. */
  async #renew (signal: AbortSignal): Promise<void> {
    this.#renewing ??= this.#resign(signal).finally(() => { this.#renewing = null })
    await this.#renewing
  }

  async #resign (signal: AbortSignal): Promise<void> {
    let stream: SignedStream | null = null
    for (let tries = 0; stream === null; tries += 1) {
      try {
        stream = await this.#source.resign()
      } catch (error) {
        if (isRefusal(error) || !await waitForTry(tries, signal) || signal.aborted) throw error
      }
    }
    // Of the version that is under way: its fragments are the ones that are counted with.
    if (stream.rendition.name === this.#stream.rendition.name) {
      this.#stream = stream
      if (this.#partial && stream.index !== null) this.#know(stream.index)
    } else this.#stream = { ...this.#stream, url: addressOf(this.#stream.url, stream.url), expiresAt: stream.expiresAt, signedAtMs: stream.signedAtMs }
  }

  /** Between two requests the version may change. */
  async #adapt (): Promise<void> {
    const { codec, bitrateKbps } = this.#stream.rendition
    if (codec !== 'aac' || bitrateKbps === null || this.#fixed) return
    const wanted = nextKbps(bitrateKbps, throughputKbps(), this.#listener.buffered())
    if (wanted === bitrateKbps) return
    const stream = await this.#source.resign(wanted).catch(() => null)
    if (stream === null) return
    this.#fixed = stream.rendition.name === this.#stream.rendition.name
    if (stream.index === null || !shareTimeline(stream.index, this.#index)) return
    this.#stream = stream
    this.#know(stream.index)
  }

  async #room (signal: AbortSignal): Promise<void> {
    if (this.#listener.buffered() < aheadSeconds || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#more = resolve
      signal.addEventListener('abort', () => { resolve() }, { once: true })
    })
  }

  #lastOf (first: number, seconds: number): number {
    const begin = this.#fragments[first]?.atTicks ?? 0
    return Math.max(first, fragmentAt(this.#fragments, begin + seconds * this.#index.timescale) - 1)
  }

  #fail (error: unknown): void {
    const isRefused = error instanceof NotHonouredError || isRefusal(error)
    this.#listener.fault(error instanceof RangeError ? 'undecodable' : isRefused ? 'expired' : 'network')
  }
}

/** The server said no, and would say it again. */
function isRefusal (error: unknown): boolean {
  return error instanceof ApiError && error.status < 500 && error.status !== 429
}

/** The file of one address with the permission of another. */
function addressOf (file: string, permission: string): string {
  return `${file.split('?', 1)[0] ?? ''}?${permission.split('?', 2)[1] ?? ''}`
}
