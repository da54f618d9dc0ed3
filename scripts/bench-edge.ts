import { spawn } from 'node:child_process'
import { createPublicKey, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { createMediaSigner } from '../src/platform/cdn/cloudfront-signer.ts'
import { mediaKeysOf, mediaSigningKey } from '../src/platform/cdn/media-keys.ts'
import { localEdge } from '../src/platform/cdn/local-edge.ts'
import { readFromDisk } from '../src/platform/cdn/served-object.ts'
import { newSigningKeyPem } from '../src/platform/secrets.ts'
import { DiskObjectStore } from '../src/platform/storage/disk-object-store.ts'

// Prints what a gigabyte costs the local edge in CPU seconds, in ranges of 256 KiB, against the plain way: one
// createReadStream a request, piped, without signatures. Both in one run, in turn; the client is a process of its own.

const objects = 8
const objectBytes = 8 * 1024 ** 2
const rangeBytes = 256 * 1024
const connections = 8
const requestsARound = 2_000
const rounds = 4

interface ClientReport {
  readonly p50Ms: number
  readonly p99Ms: number
}

async function serveBoth (): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  const mediaUrl = 'http://bench.example.org'
  const privateKey = mediaSigningKey(newSigningKeyPem())
  const signer = createMediaSigner({ mediaUrl, keys: mediaKeysOf('K', privateKey) })
  const access = signer.signPrefix('media/bench/', new Date(Date.now() + 3_600_000))
  const store = new DiskObjectStore({ dir, publicUrl: mediaUrl, secret: 'x'.repeat(32) })
  for (let i = 0; i < objects; i++) {
    const bytes = randomBytes(objectBytes)
    await store.put(`media/bench/${i}`, bytes, { contentType: 'audio/mp4' })
    await writeFile(join(dir, String(i)), bytes)
  }
  const edge = Fastify()
  await edge.register(localEdge, { mediaUrl, publicKeys: new Map([['K', createPublicKey(privateKey)]]), readObject: readFromDisk(store), now: () => new Date() })
  const edgeOrigin = await edge.listen({ host: '127.0.0.1', port: 0 })
  const plain = createServer((request, response) => {
    const [, start = 0, end = 0] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')?.map(Number) ?? []
    response.writeHead(206, { 'content-length': end + 1 - start, 'content-range': `bytes ${start}-${end}/${objectBytes}` })
    createReadStream(join(dir, request.url ?? ''), { start, end }).pipe(response)
  })
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const { port } = plain.address() as AddressInfo
  const ways = {
    edge: (i: number) => signer.address(`media/bench/${i}`, access).replace(mediaUrl, edgeOrigin),
    createReadStream: (i: number) => `http://127.0.0.1:${port}/${i}`
  }
  const best = { edge: Infinity, createReadStream: Infinity }
  const latency: Partial<Record<keyof typeof ways, ClientReport>> = {}
  for (let round = 0; round < rounds; round++) {
    for (const way of ['edge', 'createReadStream'] as const) {
      const addresses = Array.from({ length: objects }, (_, i) => ways[way](i))
      const before = process.cpuUsage()
      latency[way] = await runClient(addresses)
      const { user, system } = process.cpuUsage(before)
      best[way] = Math.min(best[way], (user + system) / 1e6 / (requestsARound * rangeBytes / 1e9))
    }
  }
  console.table((['edge', 'createReadStream'] as const).map((way) => ({ way, 'CPU s/GB': best[way].toFixed(2), ...latency[way] })))
  console.log(`ratio edge / createReadStream: ${(best.edge / best.createReadStream).toFixed(2)}; target: .60 CPU s/GB (twice nginx)`)
  plain.closeAllConnections()
  plain.close()
  await edge.close()
  await store.close()
  await rm(dir, { recursive: true })
}

async function runClient (addresses: string[]): Promise<ClientReport> {
  const client = spawn(process.execPath, [import.meta.filename, 'client', ...addresses], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await text(client.stdout)) as ClientReport
}

/** Asks for ranges over a few connections, one after the other on each. */
async function ask (addresses: string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  const one = (i: number) => new Promise<void>((resolve, reject) => {
    const began = performance.now()
    const start = (i * 7_919 % (objectBytes / rangeBytes)) * rangeBytes
    get(addresses[i % addresses.length] ?? '', { agent, headers: { range: `bytes=${start}-${start + rangeBytes - 1}` } }, (response) => {
      if (response.statusCode !== 206) reject(new Error(`answered ${response.statusCode}`))
      response.resume().once('end', () => { times.push(performance.now() - began); resolve() })
    }).once('error', reject)
  })
  await Promise.all(Array.from({ length: connections }, async (_, connection) => {
    for (let i = connection; i < requestsARound; i += connections) await one(i)
  }))
  agent.destroy()
  times.sort((a, b) => a - b)
  const percentile = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2))
  process.stdout.write(JSON.stringify({ p50Ms: percentile(0.5), p99Ms: percentile(0.99) } satisfies ClientReport))
}

const [role, ...addresses] = process.argv.slice(2)
await (role === 'client' ? ask(addresses) : serveBoth())
