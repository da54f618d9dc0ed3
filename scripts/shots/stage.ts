import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../test/support/process.ts'
import { pressRecords } from './shelf.ts'

const root = join(import.meta.dirname, '../..')
export const password = 'an entirely fine passphrase'

export interface OpenStage { readonly url: string, /** Null when there are users already. */ readonly setupUrl: string | null, close(): Promise<void> }

/** Starts a service of its own in the folder. In a new one nobody is admin yet, and the shelf is empty. */
export async function openStage (dataDir: string): Promise<OpenStage> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), ORGANISATION: 'Commonplace' } })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
  while (!/Freshet is open at [^]*\n\n/.test(output)) {
    if (child.exitCode !== null) throw new Error(`Freshet ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url: `http://localhost:${port}`,
    setupUrl: /http\S+\/setup#token=\S+/.exec(output)?.[0] ?? null,
    async close () {
      child.kill('SIGINT')
      await ended
    }
  }
}

/** Imports the invented records, as an operator would, and waits until they are on the shelf. */
export async function fillShelf (dataDir: string, url: string): Promise<void> {
  const records = join(dataDir, 'records')
  await pressRecords(records)
  const env = { ...process.env, DATA_DIR: dataDir, PORT: new URL(url).port }
  const child = spawn(process.execPath, [join(root, 'scripts/freshet.mjs'), 'import', records], { stdio: ['ignore', 'ignore', 'inherit'], env })
  const code = await new Promise<number | null>((resolve) => { child.once('exit', resolve) })
  if (code !== 0) throw new Error(`the import ended with ${code}`)
}

export async function demoFiles (): Promise<string[]> {
  const demo = join(root, 'dist/demo')
  return (await readdir(demo, { recursive: true })).filter((name) => /\.(flac|wav|mp3|ogg)$/.test(name)).map((name) => join(demo, name))
}

type Json = Record<string, unknown> & { readonly items?: ReadonlyArray<{ readonly id: string, readonly title?: string, readonly name?: string, readonly artists?: ReadonlyArray<{ readonly id: string }> }> }

/** Asks the API as ada. */
export async function asAda (url: string): Promise<(method: string, path: string, body?: object) => Promise<Json>> {
  const ask = async (method: string, path: string, body: object | undefined, token: string | undefined): Promise<Json> => {
    const headers = { ...body && { 'content-type': 'application/json' }, ...token !== undefined && { authorization: `Bearer ${token}` } }
    const answer = await fetch(`${url}/api${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? {} : await answer.json() as Json
  }
  const { accessToken } = await ask('POST', '/session', { username: 'ada', password }, undefined)
  return async (method, path, body) => await ask(method, path, body, String(accessToken))
}
