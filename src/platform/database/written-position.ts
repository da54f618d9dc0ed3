import type { Reader } from './database.ts'

/** A place in the log of a database: who has replayed up to here sees everything committed before it. */
export interface Position {
  /** System identifier of the cluster, 16 hexadecimal digits. */
  readonly cluster: string
  readonly timeline: number
  /** Bytes of log since the cluster was made. */
  readonly lsn: bigint
}

/** Where the writer is. */
export interface WriterPosition extends Position {
  /** Bytes of log that are safe on its disk: as much as a replica can have. */
  readonly flushedLsn: bigint
}

/**
 * The position behind a commit is the insert position read after it: the flush position may be before the commit where
 * synchronous_commit is off. At the border of a page it may lie a header further, which only errs towards the writer.
 */
const text = `SELECT (pg_control_system()).system_identifier::text AS cluster, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline,
  (pg_current_wal_flush_lsn() - '0/0')::text AS flushed, (pg_current_wal_insert_lsn() - '0/0')::text AS inserted`

interface Row {
  cluster: string
  /** Hexadecimal, as in the name of a log file. */
  timeline: string
  flushed: string
  inserted: string
}

/**
 * Asks the writer where it is. Those who ask while an answer is under way share the next one, because the one under way
 * may be from before their commit: however many write, one such statement runs at a time.
 */
export function createWriterPosition (writer: Reader): () => Promise<WriterPosition> {
  let underWay: Promise<WriterPosition> | undefined
  let next: Promise<WriterPosition> | undefined
  const start = () => {
    underWay = readWriterPosition(writer)
    const done = () => { underWay = undefined }
    underWay.then(done, done)
    return underWay
  }
  const startNext = () => {
    next = undefined
    return start()
  }
  return () => {
    if (underWay === undefined) return start()
    next ??= underWay.then(startNext, startNext)
    return next
  }
}

async function readWriterPosition ({ pool }: Reader): Promise<WriterPosition> {
  const { rows: [row] } = await pool.query<Row>({ name: 'writer-position', text })
  if (row === undefined) throw new Error('the database did not say where it is')
  return { cluster: clusterName(row.cluster), timeline: Number.parseInt(row.timeline, 16), lsn: BigInt(row.inserted), flushedLsn: BigInt(row.flushed) }
}

/** From the decimal form that Postgres shows, which has a sign. */
export function clusterName (systemIdentifier: string): string {
  return BigInt.asUintN(64, BigInt(systemIdentifier)).toString(16).padStart(16, '0')
}

/** Of fixed width: of one cluster, the later position is the greater text. */
export function positionText ({ cluster, timeline, lsn }: Position): string {
  return `${cluster}-${timeline.toString(16).padStart(8, '0')}-${lsn.toString(16).padStart(16, '0')}`
}

/** In place of a position that couldn't be read: no replica has got so far. */
export const unreachablePosition = `${'0'.repeat(16)}-${'f'.repeat(8)}-${'f'.repeat(16)}`

const form = /^([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{16})$/

/** Undefined for what `positionText` wouldn't write. */
export function parsePosition (text: string): Position | undefined {
  const [, cluster, timeline, lsn] = form.exec(text) ?? []
  if (cluster === undefined) return undefined
  return { cluster, timeline: Number.parseInt(timeline ?? '', 16), lsn: BigInt(`0x${lsn ?? ''}`) }
}

/** Whether a server that has replayed up to `replayed` shows all that was committed before `written`. */
export function covers (replayed: Position, written: Position): boolean {
  return replayed.cluster === written.cluster && replayed.timeline >= written.timeline && replayed.lsn >= written.lsn
}
