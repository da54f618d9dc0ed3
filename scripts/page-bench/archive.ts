import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.ts'
import { migrate } from '../../src/platform/database/migrate.ts'
import { freePort } from '../../test/support/process.ts'
import { loadSyntheticRows, syntheticPassword } from '../capacity/synthetic-rows.ts'
import { givePictures } from './pictures.ts'

const root = join(import.meta.dirname, '../..')

export interface Archive {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly albumId: string
  readonly trackIds: readonly string[]
  readonly databaseUrl: string
  /** Ends the web process: the line is gone. */
  cut(): Promise<void>
  stop(): Promise<void>
}

/** A web process and a database of its own with an invented archive of so many tracks. */
export async function startArchive (tracks: number): Promise<Archive> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-pages-'))
  const server = await startEmbeddedPostgres({ dir: join(folder, 'postgres'), passwordFile: join(folder, 'password') })
  await migrate(server.url, join(root, 'prisma/migrations'))
  const db = openDatabase(server.url, { poolSize: 4, onError: (error) => console.error(error.message) })
  const { usernames: [username = ''], albumIds: [albumId = ''], trackIds } = await loadSyntheticRows(db, tracks)
  await givePictures(db, { username, albumId, storeDir: join(folder, 'data/objects') })
  await db.close()
  const port = await freePort()
  const web = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FRESHET_ROLE: 'web', DATABASE_URL: server.url, DATA_DIR: join(folder, 'data'), PORT: String(port), REQUESTS_PER_MINUTE: '0', LOG_LEVEL: 'error' }
  })
  const ended = once(web, 'exit')
  const url = `http://localhost:${port}`
  while (!await fetch(`${url}/readyz`).then(({ ok }) => ok, () => false)) {
    if (web.exitCode !== null) throw new Error(`the web process ended with ${web.exitCode}`)
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
  const cut = async (): Promise<void> => {
    if (web.exitCode === null) web.kill('SIGKILL')
    await ended
  }
  return {
    url,
    username,
    password: syntheticPassword,
    albumId,
    trackIds,
    databaseUrl: server.url,
    cut,
    async stop () {
      await cut()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
