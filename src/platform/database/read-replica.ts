import type { Database, Reader } from './database.ts'
import { type FollowerOptions, ReplicaFollower } from './replica-follower.ts'
import { type ReplicaLink, ReplicaUnusableError } from './replica-link.ts'
import type { Position } from './written-position.ts'

export interface ReadReplica {
  /**
   * Runs a read: on the replica when that shows everything up to `written`, else on the writer; a read that fails on
   * the replica is done again on the writer. Without `written` nothing is known of the caller's writes: the writer.
   */
  read<T>(written: Position | undefined, work: (reader: Reader) => Promise<T>): Promise<T>
  figures(): ReplicaFigures
  close(): void
}

export interface ReplicaFigures {
  /** Reads answered since the start, by the server that answered. */
  readonly reads: { readonly replica: number, readonly writer: number }
  /** How old what the replica shows is, at most; NaN while nothing is known. */
  readonly lagSeconds: number
}

export interface ReadReplicaOptions extends FollowerOptions {
  readonly writer: Database
  /** Told of a read that failed on the replica and went to the writer: once a connection and kind of fault. */
  readonly onReadFailed: (error: Error) => void
}

/** So many failed reads in a row, and the replica rests. */
const maxFailures = 5

interface Failures {
  readonly kinds: Set<string>
  inARow: number
}

/** Connects to nothing before the first read. */
export function openReadReplica (options: ReadReplicaOptions): ReadReplica {
  const follower = new ReplicaFollower(options)
  const failures = new WeakMap<ReplicaLink, Failures>()
  const reads = { replica: 0, writer: 0 }

  const failed = (link: ReplicaLink, error: Error) => {
    const known = failures.get(link) ?? { kinds: new Set(), inARow: 0 }
    failures.set(link, known)
    const kind = 'code' in error ? String(error.code) : error.message
    if (!known.kinds.has(kind)) options.onReadFailed(error)
    known.kinds.add(kind)
    known.inARow += 1
    if (known.inARow >= maxFailures) follower.giveUp(link, new ReplicaUnusableError(`${maxFailures} reads in a row failed, the last with: ${error.message}`))
  }
  const readReplica = async <T> (link: ReplicaLink, work: (reader: Reader) => Promise<T>): Promise<T> => {
    const answer = await link.run(work)
    reads.replica += 1
    const known = failures.get(link)
    if (known !== undefined) known.inARow = 0
    return answer
  }
  return {
    async read (written, work) {
      const link = written === undefined ? undefined : follower.linkCovering(written)
      if (link !== undefined) {
        try {
          return await readReplica(link, work)
        } catch (error) {
          if (!writerMayDoBetter(error)) throw error
          if (!isNotFound(error)) failed(link, error)
        }
      }
      reads.writer += 1
      return work(options.writer)
    },
    figures: () => ({ reads: { ...reads }, lagSeconds: follower.lagSeconds() }),
    close: () => follower.close()
  }
}

/** SQLSTATE read_only_sql_transaction: a read that writes is a fault of ours, and must show. */
const writesInRead = '25006'

/**
 * Of the replica's faults (away, frozen, a conflict with recovery, a migration that it has yet to see) the writer knows
 * nothing, and what the replica doesn't find may just have come. What is wrong with the request is wrong at both.
 */
function writerMayDoBetter (error: unknown): error is Error {
  if (!(error instanceof Error) || ('code' in error && error.code === writesInRead)) return false
  return !('statusCode' in error) || isNotFound(error) || error instanceof ReplicaUnusableError
}

function isNotFound (error: Error): boolean {
  return 'statusCode' in error && error.statusCode === 404
}
