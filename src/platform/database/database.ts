import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../generated/prisma/client.ts'

/** Prisma for ordinary work, the pool below it for the hottest reads and for SQL that Prisma can't say. */
export interface Database {
  readonly prisma: PrismaClient
  readonly pool: pg.Pool
  close(): Promise<void>
}

/** What runs inside `prisma.$transaction(async (tx) => …)`. */
export type Transaction = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends'>

/** Both share one pool of `poolSize` connections. */
export function openDatabase (connectionString: string, options: { readonly poolSize: number, readonly onError: (error: Error) => void }): Database {
  const pool = new pg.Pool({ connectionString, max: options.poolSize, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000, application_name: 'freshet' })
  // A lost idle connection is an event of the pool; unheard, it would end the process.
  pool.on('error', options.onError)
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    prisma,
    pool,
    async close () {
      await prisma.$disconnect()
      await pool.end()
    }
  }
}
