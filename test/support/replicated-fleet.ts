import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Role } from '../../src/accounts/actor.ts'
import { buildApp } from '../../src/app.ts'
import { type Database, openDatabase } from '../../src/platform/database/database.ts'
import { openReadReplica, type ReadReplica } from '../../src/platform/database/read-replica.ts'
import { PostgresJobQueue } from '../../src/platform/queue/postgres-job-queue.ts'
import { testApp, testPassword } from './app.ts'
import { type ReplicatedPostgres, replicatedPostgres } from './replica.ts'
import { RoamingClient } from './roaming-client.ts'

export interface ReplicatedFleet {
  readonly servers: ReplicatedPostgres
  readonly writer: Database
  readonly apps: readonly FastifyInstance[]
  /** A new user's browser, signed in. */
  browser(role: Role): Promise<RoamingClient>
  /** Reads answered by the replica so far. */
  replicaReads(): number
  /** Resolves once this browser's reads go to the replica on every instance. */
  settled(browser: RoamingClient): Promise<void>
}

/** Several web instances in front of a real writer and its real replica. */
export async function replicatedFleet (t: Test, { instances }: { readonly instances: number }): Promise<ReplicatedFleet> {
  const servers = await replicatedPostgres(t, { delayMs: 0 })
  const onError = (error: Error) => t.comment(error.message)
  const open = () => {
    const db = openDatabase(servers.writerUrl, { poolSize: 5, onError })
    t.teardown(() => db.close())
    const replica = openReadReplica({ address: servers.replicaUrl(), writer: db, poolSize: 5, onChange: (change) => t.comment(change), onReadFailed: onError })
    t.teardown(() => replica.close())
    return { db, replica }
  }
  const first = open()
  const queue = new PostgresJobQueue({ address: servers.writerUrl, queue: 'jobs', maxReceives: 3, onError })
  t.teardown(() => queue.close())
  const { app, deps, user } = await testApp(t, { ...first, queue, env: { DATABASE_URL: servers.writerUrl } })
  const apps = [app]
  const replicas: ReadReplica[] = [first.replica]
  while (apps.length < instances) {
    const another = open()
    const next = await buildApp({ ...deps, ...another })
    t.teardown(() => next.close())
    apps.push(next)
    replicas.push(another.replica)
  }
  const readsOf = (replica: ReadReplica) => replica.figures().reads.replica
  return {
    servers,
    writer: first.db,
    apps,
    browser: async (role) => new RoamingClient(apps).signIn({ username: (await user(role)).username, password: testPassword }),
    replicaReads: () => replicas.reduce((sum, replica) => sum + readsOf(replica), 0),
    async settled (browser) {
      const before = replicas.map(readsOf)
      while (replicas.some((replica, index) => readsOf(replica) === before[index])) {
        await browser.send('GET', '/genres')
        await delay(20)
      }
    }
  }
}
