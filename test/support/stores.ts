import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { DiskObjectStore, type DiskObjectStoreOptions } from '../../src/platform/storage/disk-object-store.ts'
import { diskStoreEndpoint } from '../../src/platform/storage/disk-store-endpoint.ts'
import { S3ObjectStore } from '../../src/platform/storage/s3-object-store.ts'
import { type S3Server, startS3Server } from './s3-server.ts'

export const uploadSecret = 'a secret of at least 32 characters'

/** A folder of its own, removed at the end of the test. */
export async function temporaryFolder (t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-test-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A disk store whose upload addresses work: its endpoint listens on loopback. */
export async function diskStore (t: Test, options: Partial<Pick<DiskObjectStoreOptions, 'dir' | 'onCreated' | 'now'>> & { readonly stretchMs?: number } = {}): Promise<DiskObjectStore> {
  const dir = options.dir ?? await temporaryFolder(t)
  const app = Fastify({ forceCloseConnections: true })
  // The address is known only once it listens, and the routes must be there before.
  const { stretchMs = 15_000, ...given } = options
  const settings = { ...given, dir, secret: uploadSecret }
  const routed = new DiskObjectStore({ ...settings, publicUrl: 'http://localhost' })
  await app.register(diskStoreEndpoint, { store: routed, stretchMs })
  const publicUrl = await app.listen({ host: '127.0.0.1', port: 0 })
  const store = new DiskObjectStore({ ...settings, publicUrl })
  t.teardown(async () => {
    await app.close()
    await routed.close()
    await store.close()
  })
  return store
}

/** A store on a real S3 server, with parts small enough for a test. */
export async function s3Store (t: Test, given?: S3Server): Promise<S3ObjectStore> {
  const server = given ?? await startS3Server()
  const store = new S3ObjectStore({ ...server, forcePathStyle: true, limits: { partBytes: 5 * 1024 ** 2, copyPartBytes: 6 * 1024 ** 2 } })
  t.teardown(async () => {
    await store.close()
    if (given === undefined) await server.stop()
  })
  return store
}
