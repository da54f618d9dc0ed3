import { setTimeout as delay } from 'node:timers/promises'
import type { Reader } from './database.ts'
import type { DatabaseAddress } from './database-address.ts'
import { createReplicaLag } from './replica-lag.ts'
import { openReplicaLink, type ReplicaLink, type ReplicaState, ReplicaUnusableError } from './replica-link.ts'
import { covers, createWriterPosition, type Position, type WriterPosition } from './written-position.ts'

export interface FollowerOptions {
  readonly address: DatabaseAddress
  readonly writer: Reader
  readonly poolSize: number
  /** Told when the replica may be read, and why it no longer may. */
  readonly onChange: (change: ReplicaChange) => void
}

export type ReplicaChange = { readonly readable: true } | { readonly readable: false, readonly reason: string }

const watchIntervalMs = 200
/** Watched for so long after somebody last asked. */
const watchForMs = 60_000
const firstBackOffMs = 500
const maxBackOffMs = 15_000
/** Nobody is shown anything older. */
const maxLagMs = 15_000

/** Watches a replica while it is of use: whether it answers, how far it has got, and how old what it shows is. */
export class ReplicaFollower {
  readonly #options: FollowerOptions
  readonly #writerPosition: () => Promise<WriterPosition>
  readonly #closing = new AbortController()
  #lag = createReplicaLag()
  #writerAt: WriterPosition | undefined
  #link: ReplicaLink | undefined
  /** Undefined while it isn't known to be on the writer's timeline. */
  #replayed: Position | undefined
  #askedAtMs = -Infinity
  #watching = false
  #readable: boolean | undefined

  constructor (options: FollowerOptions) {
    this.#options = options
    this.#writerPosition = createWriterPosition(options.writer)
  }

  /** The replica, if it is known to show everything up to there and to be no older than it may be. Costs no time. */
  linkCovering (written: Position): ReplicaLink | undefined {
    this.#askedAtMs = performance.now()
    if (!this.#watching) {
      this.#watching = true
      this.#watch().finally(() => { this.#watching = false })
    }
    if (this.#replayed === undefined || (this.#lag.lagMs(performance.now()) ?? Infinity) > maxLagMs) return undefined
    return covers(this.#replayed, written) ? this.#link : undefined
  }

  /** Ends a link, if it hasn't been already; another one is tried after the back-off. */
  giveUp (link: ReplicaLink, reason: Error): void {
    if (link !== this.#link) return
    this.#link = undefined
    this.#replayed = undefined
    this.#lag = createReplicaLag()
    link.cut(reason)
    this.#tell(reason.message)
  }

  /** At most; NaN while nothing is known. */
  lagSeconds (): number {
    return (this.#lag.lagMs(performance.now()) ?? NaN) / 1000
  }

  close (): void {
    this.#closing.abort(new ReplicaUnusableError('the service is closing'))
    if (this.#link !== undefined) this.giveUp(this.#link, this.#closing.signal.reason)
  }

  async #watch (): Promise<void> {
    let backOffMs = firstBackOffMs
    while (!this.#closing.signal.aborted && performance.now() - this.#askedAtMs < watchForMs) {
      // A writer that doesn't answer is no fault of the replica; without news of it the lag grows.
      this.#askWriter().catch(() => {})
      const link = await this.#askReplica()
      if (link !== undefined) backOffMs = firstBackOffMs
      await delay(link === undefined ? backOffMs : watchIntervalMs, undefined, { ref: false, signal: this.#closing.signal }).catch(() => {})
      if (link === undefined) backOffMs = Math.min(2 * backOffMs, maxBackOffMs)
    }
  }

  async #askWriter (): Promise<void> {
    const atMs = performance.now()
    const position = await this.#writerPosition()
    if (position.cluster !== this.#writerAt?.cluster || position.timeline !== this.#writerAt.timeline) this.#lag = createReplicaLag()
    this.#writerAt = position
    this.#lag.writerAt(position.flushedLsn, atMs)
  }

  /** The link, or undefined if there is none that is worth keeping. */
  async #askReplica (): Promise<ReplicaLink | undefined> {
    try {
      this.#link ??= await this.#connect()
      const link = this.#link
      const state = await link.state()
      if (link !== this.#link) return undefined
      const fault = lastingFault(state, this.#writerAt)
      if (fault !== undefined) throw new ReplicaUnusableError(fault)
      this.#note(state)
      return link
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      if (this.#link === undefined) this.#tell(reason.message)
      else this.giveUp(this.#link, reason)
      return undefined
    }
  }

  async #connect (): Promise<ReplicaLink> {
    const { address, poolSize } = this.#options
    const link: ReplicaLink = await openReplicaLink({ address, poolSize, onLost: (reason) => this.giveUp(link, reason) })
    if (this.#closing.signal.aborted) link.cut(this.#closing.signal.reason)
    return link
  }

  #note (state: ReplicaState): void {
    if (this.#writerAt === undefined) return
    const now = performance.now()
    const sameHistory = state.timeline === this.#writerAt.timeline
    this.#replayed = sameHistory ? state : undefined
    if (sameHistory) this.#lag.replicaAt(state.lsn)
    if (!sameHistory) this.#tell('it doesn’t follow the writer’s timeline')
    else if ((this.#lag.lagMs(now) ?? this.#lag.waitingMs(now)) > maxLagMs) this.#tell(`it is more than ${maxLagMs / 1000} seconds behind`)
    else if (this.#lag.lagMs(now) !== undefined) this.#tell(undefined)
  }

  /** Once a change: the reasons that follow the first are its echo. */
  #tell (reason: string | undefined): void {
    const readable = reason === undefined
    if (readable === this.#readable || this.#closing.signal.aborted) return
    this.#readable = readable
    this.#options.onChange(reason === undefined ? { readable: true } : { readable: false, reason })
  }
}

/** What waiting doesn't mend. */
function lastingFault (state: ReplicaState, writerAt: WriterPosition | undefined): string | undefined {
  if (!state.replaying) return 'it is no replica, or no longer one'
  if (writerAt !== undefined && state.cluster !== writerAt.cluster) return 'it is a replica of another database'
  return undefined
}
