import { createHash } from 'node:crypto'
import type { Database } from '../platform/database/database.ts'

/** How many there were in the current minute, and how long that still lasts. */
export interface CountedRequests {
  readonly current: number
  readonly ttlMs: number
}

export interface RequestCounts {
  /** Counts one more. `max` says how many are allowed: only who nears that is told to the other instances. */
  add(key: string, max: number): CountedRequests
  /** Without counting. */
  of(key: string): CountedRequests
  /** Tells the others and hears from them, every few seconds; `merge` does it now. */
  start(): void
  merge(): Promise<void>
  stop(): void
}

export interface RequestCountsDeps {
  readonly pool: Pick<Database['pool'], 'query'>
  readonly now: () => Date
  readonly onError: (error: unknown) => void
}

interface Entry {
  /** Of this instance, told to the others and not yet told. */
  told: number
  untold: number
  /** Of the other instances, as far as heard. */
  others: number
}

const windowMs = 60_000
/** A flood over several instances overshoots by what it sends in this time. */
const mergeEveryMs = 2_000
/** Who has used up so much of a limit is worth a statement; everybody else costs the database nothing. */
const heavyShare = 0.1
/** More keys than this in one minute are forgotten, oldest first. */
const maxKeys = 20_000

/**
 * Counts requests by key in minutes of the clock, in memory, and adds up the counts of heavy keys over all instances
 * in Postgres. While the database is away each instance counts for itself.
 */
export function createRequestCounts ({ pool, now, onError }: RequestCountsDeps): RequestCounts {
  const minute = new Minute(now)
  let timer: NodeJS.Timeout | undefined
  let merging: Promise<void> | undefined
  const exchange = async () => {
    const mine = minute.heavy()
    if (mine.length === 0) return
    const { rows } = await pool.query<{ key: string, points: number }>(
      `INSERT INTO rate_limit AS shared (key, points, expire) SELECT key, points, $3 FROM unnest($1::text[], $2::int[]) AS mine (key, points)
       ON CONFLICT (key) DO UPDATE SET points = shared.points + excluded.points RETURNING key, points`,
      [mine.map(({ name }) => name), mine.map(({ sent }) => sent), minute.endsAtMs + windowMs])
    const points = new Map(rows.map((row) => [row.key, row.points]))
    for (const { name, entry, sent } of mine) {
      entry.told += sent
      entry.untold -= sent
      entry.others = (points.get(name) ?? entry.told) - entry.told
    }
  }
  // One at a time: while the database is slow, a second one would tell the same requests again.
  const merge = () => {
    merging ??= exchange().finally(() => { merging = undefined })
    return merging
  }

  return {
    add (key, max) {
      const ttlMs = minute.turn()
      const entry = minute.entryOf(key)
      entry.untold += 1
      const current = totalOf(entry)
      if (current >= max * heavyShare) minute.markHeavy(key)
      return { current, ttlMs }
    },
    of (key) {
      const ttlMs = minute.turn()
      return { current: totalOf(minute.find(key)), ttlMs }
    },
    merge,
    start () {
      timer ??= setInterval(() => { if (merging === undefined) merge().catch(onError) }, mergeEveryMs).unref()
    },
    stop: () => { clearInterval(timer) }
  }
}

/** The counts of one minute of the clock; in the next everything begins anew. */
class Minute {
  readonly #now: () => Date
  #number = NaN
  #entries = new Map<string, Entry>()
  #heavy = new Set<string>()

  constructor (now: () => Date) {
    this.#now = now
  }

  /** Begins the next minute where it is time. @returns ms that are left of this one */
  turn (): number {
    const at = this.#now().getTime()
    const number = Math.floor(at / windowMs)
    if (number !== this.#number) {
      this.#number = number
      this.#entries = new Map()
      this.#heavy = new Set()
    }
    return this.endsAtMs - at
  }

  get endsAtMs (): number {
    return (this.#number + 1) * windowMs
  }

  find (key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  entryOf (key: string): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const oldest = this.#entries.size < maxKeys ? undefined : this.#entries.keys().next().value
    if (oldest !== undefined) this.#entries.delete(oldest)
    const entry = { told: 0, untold: 0, others: 0 }
    this.#entries.set(key, entry)
    return entry
  }

  markHeavy (key: string): void {
    this.#heavy.add(key)
  }

  /** By name, so that two instances lock the rows in one order. */
  heavy (): Array<{ readonly name: string, readonly entry: Entry, readonly sent: number }> {
    this.turn()
    return [...this.#heavy].flatMap((key) => {
      const entry = this.#entries.get(key)
      return entry === undefined ? [] : [{ name: nameOf(this.#number, key), entry, sent: entry.untold }]
    }).sort((a, b) => a.name < b.name ? -1 : 1)
  }
}

function totalOf (entry: Entry | undefined): number {
  return entry === undefined ? 0 : entry.told + entry.untold + entry.others
}

/** Hashed: the table holds nobody's address. */
function nameOf (minute: number, key: string): string {
  return `flood:${minute}:${createHash('sha256').update(key).digest('base64url')}`
}
