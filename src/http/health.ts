import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Database } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { evenUnderPressure } from './overload.ts'

export interface HealthDeps {
  readonly db: Database
  readonly store: ObjectStore
}

let draining = false

/**
 * From now on this process says that it isn't ready, while it goes on answering everything else, so that the load
 * balancer sends newcomers elsewhere. Returns what takes it back.
 */
export function startDraining (): () => void {
  draining = true
  return () => { draining = false }
}

/** Many may ask; the parts behind are asked once in this time. */
const freshMs = 1_000
const checkTimeoutMs = 2_000

const Health = Type.Object({ status: Type.String() })
const config = { access: 'public', rateLimit: false, ...evenUnderPressure } as const
const tags = ['operations']

export const healthRoutes: FastifyPluginAsyncTypebox<HealthDeps> = async (app, { db, store }) => {
  let last: { readonly at: number, readonly fault: Promise<string | null> } | undefined
  const fault = () => {
    if (last === undefined || performance.now() - last.at > freshMs) last = { at: performance.now(), fault: findFault(db, store) }
    return last.fault
  }

  app.get('/healthz', { config, schema: { tags, summary: 'Whether the process lives', response: { 200: Health } } },
    async () => ({ status: 'alive' }))

  app.get('/readyz', { config, schema: { tags, summary: 'Whether to send requests here', response: { 200: Health, 503: Health } } },
    async (_request, reply) => {
      const reason = draining ? 'draining' : await fault()
      reply.header('cache-control', 'no-store')
      return reason === null ? { status: 'ready' } : reply.code(503).header('retry-after', 5).send({ status: reason })
    })
}

async function findFault (db: Database, store: ObjectStore): Promise<string | null> {
  const checks = await Promise.allSettled([withinTime(db.pool.query('SELECT 1')), withinTime(store.check())])
  const names = ['the database does not answer', 'the object store does not answer']
  const failed = checks.findIndex(({ status }) => status === 'rejected')
  return failed === -1 ? null : names[failed] ?? null
}

async function withinTime (check: Promise<unknown>): Promise<void> {
  const signal = AbortSignal.timeout(checkTimeoutMs)
  await Promise.race([check, new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason)) })])
}
