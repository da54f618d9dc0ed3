import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { SignedIn } from '../../src/accounts/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import { type Client, createClient } from '../../test/acceptance/client.ts'
import { expect, expectStatus } from '../../test/acceptance/expectations.ts'
import { uploadFile } from '../../test/acceptance/upload-file.ts'
import { freePort } from '../../test/support/process.ts'

/** A whole Freshet of its own, as `npm start` starts it, with an admin. */
export interface Service {
  readonly url: string
  readonly dataDir: string
  readonly client: Client
  readonly credentials: { readonly username: string, readonly password: string }
  /** Through upload and worker; ids of the tracks, in order. */
  publish(paths: readonly string[]): Promise<string[]>
  stream(trackId: string, query: string): Promise<Stream>
  /** kill -9, and nothing comes back until start(). */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const credentials = { username: 'listener', password: 'an entirely fine passphrase' }
const patienceMs = 300_000

/** @param publicUrl where browsers find it, when that is a line of ours */
export async function startService (publicUrl?: string): Promise<Service> {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-player-proof-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const settings = { DATA_DIR: dataDir, PORT: String(port), ...publicUrl !== undefined && { PUBLIC_URL: publicUrl } }
  let running = await startProcess(settings)
  const stranger = createClient({ address: url })
  expectStatus(await stranger.request('POST', '/api/setup', { body: { token: running.setupToken(), ...credentials } }), 201)
  // An access token ends; a proof may be longer.
  const signIn = async () => stranger.as(expectStatus(await stranger.request<SignedIn>('POST', '/api/session', { body: credentials }), 200).body.accessToken)
  const client = await signIn()
  return {
    url,
    dataDir,
    client,
    credentials,
    async publish (paths) {
      const ids: string[] = []
      for (const path of paths) {
        const { trackId, state, reason } = await uploadFile(client, { relativePath: `proof/${basename(path)}`, bytes: await readFile(path) }, patienceMs)
        expect(trackId !== null, `${basename(path)} ended as ${state}: ${reason ?? 'no reason'}`)
        ids.push(trackId)
      }
      return ids
    },
    stream: async (trackId, query) => expectStatus(await (await signIn()).get<Stream>(`/api/tracks/${trackId}/stream?${query}`), 200).body,
    kill: async () => { await running.end('SIGKILL') },
    async start () { running = await startProcess(settings) },
    async stop () {
      await running.end('SIGINT')
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    }
  }
}

interface Running { setupToken(): string, end(signal: NodeJS.Signals): Promise<void> }

async function startProcess (settings: Readonly<Record<string, string>>): Promise<Running> {
  const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], {
    cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...settings, REQUESTS_PER_MINUTE: '0' }
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
  const ended = once(child, 'exit')
  while (!output.includes('Freshet is open at')) {
    if (child.exitCode !== null) throw new Error(`Freshet ended with ${child.exitCode}: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    setupToken: () => /setup#token=(\S+)/.exec(output)?.[1] ?? '',
    async end (signal) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal)
      await ended
    }
  }
}
