import { createPrivateKey, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { Actor, Role } from '../../src/accounts/actor.ts'
import { acceptableHash, insertUser } from '../../src/accounts/users.ts'
import { type AppDeps, buildApp } from '../../src/app.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { createMediaSigner } from '../../src/platform/cdn/cloudfront-signer.ts'
import { mediaKeysOf } from '../../src/platform/cdn/media-keys.ts'
import type { Database } from '../../src/platform/database/database.ts'
import { openMetrics } from '../../src/platform/metrics/process-metrics.ts'
import { readJwtKeys } from '../../src/platform/jwt-keys.ts'
import { PostgresJobQueue } from '../../src/platform/queue/postgres-job-queue.ts'
import { newJwtKeyPem, newSigningKeyPem } from '../../src/platform/secrets.ts'
import { DiskObjectStore } from '../../src/platform/storage/disk-object-store.ts'
import { testDatabase } from './database.ts'

export const testPassword = 'a long enough password'

/** A user who has signed in. */
export interface TestUser extends Actor {
  readonly accessToken: string
  /** For `headers` of a request. */
  readonly bearer: { readonly authorization: string }
  /** The refresh cookie as `name=value`. */
  readonly cookie: string
}

export interface TestApp {
  readonly app: FastifyInstance
  readonly config: Config
  readonly db: Database & { readonly url: string }
  readonly store: DiskObjectStore
  readonly queue: PostgresJobQueue
  /** Everything but the app's own overrides: for a second instance on the same database. */
  readonly deps: AppDeps
  /** The clock that the app sees: move it with `clock.now = …`. */
  readonly clock: { now: Date }
  /** A user straight from the database, signed in over HTTP. */
  user(role: Role, username?: string): Promise<TestUser>
  /** app.inject as this user, JSON in and out. */
  as(user: TestUser | null, options: InjectOptions): Promise<{ readonly status: number, readonly body: unknown }>
  /** Real HTTP on a free port; the address of the server. */
  listen(): Promise<string>
}

export type TestAppOverrides = Partial<Omit<AppDeps, 'config'>> & { readonly env?: NodeJS.ProcessEnv }

/**
 * The real app on a database of its own, a disk store in a temporary folder and the Postgres queue. Nothing is faked;
 * only limits that a busy test machine would run into are wide.
 */
export async function testApp (t: Test, { env, ...overrides }: TestAppOverrides = {}): Promise<TestApp> {
  const db = overrides.db === undefined ? await testDatabase(t) : { ...overrides.db, url: '' }
  const dir = await mkdtemp(join(tmpdir(), 'freshet-app-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const config = readConfig({ NODE_ENV: 'test', DATA_DIR: dir, DATABASE_URL: db.url, REQUESTS_PER_MINUTE: '0', ...env })
  const queue = new PostgresJobQueue({ address: db.url, queue: 'jobs', maxReceives: 10, onError: (error) => t.comment(error.message) })
  t.teardown(() => queue.close())
  const store = new DiskObjectStore({ dir: join(dir, 'objects'), publicUrl: config.http.publicUrl, secret: randomUUID() })
  t.teardown(() => store.close())
  const clock = { now: new Date() }
  const signer = createMediaSigner({ mediaUrl: config.cdn.mediaUrl, keys: mediaKeysOf(config.cdn.keyPairId, createPrivateKey(newSigningKeyPem())) })
  const metrics = openMetrics({ stage: config.stage, role: config.role, dataDir: dir, emf: false, write: () => {}, queueCounts: () => queue.depth(), onError: () => {} })
  t.teardown(() => metrics.close())
  const deps: AppDeps = {
    config,
    db,
    store,
    queue,
    signer,
    metrics,
    log: pino({ level: 'silent' }),
    jwtKeys: readJwtKeys(newJwtKeyPem()),
    refreshSecret: () => 'a secret of at least 32 characters',
    now: () => clock.now,
    webRoot: undefined,
    ...overrides,
    limits: { eventLoopDelayMs: 0, databaseQueue: 0, ...overrides.limits }
  }
  const app = await buildApp(deps)
  t.teardown(() => app.close())

  return {
    app,
    config,
    db,
    store,
    queue,
    deps,
    clock,
    user: (role, username = `${role}-${randomUUID().slice(0, 8)}`) => signedInUser(app, db, { role, username }),
    async as (user, options) {
      const response = await app.inject({ ...options, headers: { ...options.headers, ...user?.bearer } })
      return { status: response.statusCode, body: response.body === '' ? undefined : JSON.parse(response.body) }
    },
    listen: () => app.listen({ host: '127.0.0.1', port: 0 })
  }
}

async function signedInUser (app: FastifyInstance, db: Database, { role, username }: { readonly role: Role, readonly username: string }): Promise<TestUser> {
  const passwordHash = await acceptableHash({ username, password: testPassword })
  const { id } = await db.prisma.$transaction((tx) => insertUser(tx, { username, passwordHash, role }))
  const response = await app.inject({ method: 'POST', url: '/api/session', payload: { username, password: testPassword } })
  const { accessToken } = response.json<{ accessToken: string }>()
  const [cookie] = response.cookies
  return { userId: id, username, role, accessToken, bearer: { authorization: `Bearer ${accessToken}` }, cookie: `${cookie?.name}=${cookie?.value}` }
}
