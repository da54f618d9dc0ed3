import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../generated/prisma/client.ts'
import { connectionOptions, type DatabaseAddress } from './database-address.ts'

/** Prisma for ordinary work, the pool below it for the hottest reads and for SQL that Prisma can't say. */
export interface Database {
  readonly prisma: PrismaClient
  readonly pool: pg.Pool
  close(): Promise<void>
}

/**
 * What a read needs, and all that it gets: the writer or a replica of it. A Database is one, so a read always takes the
 * writer; what writes or decides asks for a Database, and the compiler keeps replicas from it.
 */
export interface Reader {
  readonly pool: Pick<pg.Pool, 'query'>
}

/** What runs inside `prisma.$transaction(async (tx) => …)`. */
export type Transaction = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'>

/** A connection is waited for so long, by a statement and by a transaction: on a busy machine it comes late. */
const connectWithinMs = 10_000
/** Of all its statements together; what must be done, a publication, takes a longer one. */
const transactionWithinMs = 15_000

/** Both share one pool of `poolSize` connections. */
export function openDatabase (address: DatabaseAddress, options: { readonly poolSize: number, readonly onError: (error: Error) => void }): Database {
  const pool = new pg.Pool({ ...connectionOptions(address), max: options.poolSize, connectionTimeoutMillis: connectWithinMs, idleTimeoutMillis: 30_000, application_name: 'freshet' })
  // A lost idle connection is an event of the pool; unheard, it would end the process.
  pool.on('error', options.onError)
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: { maxWait: connectWithinMs, timeout: transactionWithinMs } })
  return {
    prisma,
    pool,
    async close () {
      await prisma.$disconnect()
      await pool.end()
    }
  }
}
