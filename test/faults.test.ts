import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { Track, TrackDetail } from '../src/catalog/schemas.ts'
import type { PartAddresses, Upload, UploadTicket } from '../src/uploads/schemas.ts'
import { ffmpeg } from './support/media.ts'
import { processesUsing, type RunningFreshet, startFreshet } from './support/process.ts'

const admin = { username: 'ada', password: 'an entirely fine passphrase' }

type Call = <T>(method: string, path: string, body?: object) => Promise<T>

/** Signs in, by the first-admin link where there is one, and calls the API from then on. */
async function signIn ({ url, setupToken }: RunningFreshet): Promise<Call> {
  let bearer: Record<string, string> = {}
  const call: Call = async <T>(method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/api${path}`, {
      method, headers: { ...bearer, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return await answer.json() as T
  }
  const token = setupToken()
  const { accessToken } = await call<{ accessToken: string }>('POST', token === undefined ? '/session' : '/setup', { ...admin, ...(token === undefined ? {} : { token }) })
  bearer = { authorization: `Bearer ${accessToken}` }
  return call
}

const ticketFor = (call: Call, name: string, bytes: Buffer) =>
  call<UploadTicket>('POST', '/uploads', { relativePath: name, sizeBytes: bytes.length, contentType: 'audio/wav', fingerprint: name })

/** Sends these parts; with `stopAfterBytes` it sends so much of each and then waits for ever. */
async function sendParts (call: Call, ticket: UploadTicket, bytes: Buffer, { partNumbers, stopAfterBytes }: { partNumbers: number[], stopAfterBytes?: number }) {
  const { parts } = await call<PartAddresses>('POST', `/uploads/${ticket.id}/parts`, { partNumbers })
  return await Promise.all(parts.map(async ({ partNumber, url, headers }) => {
    const part = bytes.subarray((partNumber - 1) * ticket.partSizeBytes, partNumber * ticket.partSizeBytes)
    const body = stopAfterBytes === undefined
      ? new Uint8Array(part)
      : new ReadableStream({ async start (controller) { controller.enqueue(new Uint8Array(part.subarray(0, stopAfterBytes))) } })
    const length = { 'content-length': String(part.length) }
    const answer = await fetch(url, { method: 'PUT', headers: { ...headers, ...length }, body, duplex: 'half' })
    return { partNumber, etag: answer.headers.get('etag') ?? '' }
  }))
}

async function until<T> (what: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await what()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await pause(50)
  }
}

const partNumbersOf = ({ partCount }: UploadTicket) => Array.from({ length: partCount }, (_, i) => i + 1)

async function noise (path: string, seconds: number, title: string): Promise<Buffer> {
  await ffmpeg('-f', 'lavfi', '-i', `anoisesrc=color=pink:seed=${seconds}:duration=${seconds}:sample_rate=44100`, '-ac', '2', '-metadata', `title=${title}`, path)
  return await readFile(path)
}

t.test('kill -9 of everything in mid-upload and mid-encode loses nothing and doubles nothing', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-faults-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  // Long enough that it is still being encoded when a busy machine sees that it is.
  const encoded = await noise(join(dataDir, 'encoded.wav'), 150, 'In Mid-Encode')
  const uploaded = await noise(join(dataDir, 'uploaded.wav'), 120, 'In Mid-Upload')

  const first = await startFreshet(t, dataDir)
  let call = await signIn(first)
  const uploading = await ticketFor(call, 'uploaded.wav', uploaded)
  t.ok(uploading.partCount > 2, 'the file goes up in several parts')
  await sendParts(call, uploading, uploaded, { partNumbers: [1] })
  sendParts(call, uploading, uploaded, { partNumbers: [2], stopAfterBytes: 100_000 }).catch(() => t.pass('the upload breaks off'))
  const encoding = await ticketFor(call, 'encoded.wav', encoded)
  await call('POST', `/uploads/${encoding.id}/complete`, { parts: await sendParts(call, encoding, encoded, { partNumbers: partNumbersOf(encoding) }) })
  await until(async () => (await call<Upload>('GET', `/uploads/${encoding.id}`)).stage === 'renditions' ? true : undefined, 60_000)
  await first.kill()
  await until(async () => processesUsing(dataDir).length === 0 ? true : undefined, 60_000)

  const second = await startFreshet(t, dataDir)
  call = await signIn(second)
  const resumed = await ticketFor(call, 'uploaded.wav', uploaded)
  t.equal(resumed.id, uploading.id, 'the same file finds its ticket again')
  t.same(resumed.uploadedParts.map(({ partNumber }) => partNumber), [1], 'the part that was acknowledged is there, the torn one is not')
  const missing = await sendParts(call, resumed, uploaded, { partNumbers: partNumbersOf(resumed).slice(1) })
  await call('POST', `/uploads/${resumed.id}/complete`, { parts: [...resumed.uploadedParts.map(({ partNumber, etag }) => ({ partNumber, etag })), ...missing] })
  for (const { id } of [encoding, resumed]) {
    const upload = await until(async () => {
      const now = await call<Upload>('GET', `/uploads/${id}`)
      return now.finishedAt === null ? undefined : now
    }, 200_000)
    t.equal(upload.state, 'published', upload.reason ?? upload.relativePath)
  }
  const { items } = await call<{ items: Track[] }>('GET', '/tracks')
  t.same(items.map(({ title }) => title).sort(), ['In Mid-Encode', 'In Mid-Upload'])
  for (const { id } of items) {
    t.same((await call<TrackDetail>('GET', `/tracks/${id}`)).renditions.toSorted(), ['aac-160', 'aac-256', 'aac-96', 'flac'], 'exactly one rendition set')
    const best = await call<{ rendition: { name: string } }>('GET', `/tracks/${id}/stream`)
    const frugal = await call<{ rendition: { name: string } }>('GET', `/tracks/${id}/stream?maxBitrateKbps=160`)
    t.same([best.rendition.name, frugal.rendition.name], ['aac-256', 'aac-160'], 'the rendition that was asked for is the one that is played')
  }
  await second.interrupt()

  const { code, output } = await freshet(['fsck', '--deep'], dataDir)
  t.equal(code, 0, `fsck is clean: ${output}`)
})

function freshet (args: string[], dataDir: string): Promise<{ code: number, output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/freshet.mjs', ...args], { env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: dataDir } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr })
    })
  })
}
