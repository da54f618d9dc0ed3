import { createHash, createPublicKey, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Config } from '../config.ts'
import { openQueue, openStore } from '../open-platform.ts'
import { mediaSigningKey } from '../platform/cdn/media-keys.ts'
import { readJwtKeys } from '../platform/jwt-keys.ts'
import type { DatabaseAddress } from '../platform/database/database-address.ts'
import { findFfmpeg } from '../platform/media/ffmpeg.ts'
import { missingFfmpegParts } from '../platform/media/ffmpeg-parts.ts'
import { type SecretSource, secretText } from '../platform/secrets.ts'
import { readableBytes } from './readable.ts'

/** The oldest that runs TypeScript by itself. */
const oldestNode = [22, 18] as const
/** Room for the renditions of a few albums; with less, jobs begin to fail. */
const leastFreeBytes = 2_000_000_000
/** Of what ffmpeg lacks, in a message. */
const namedParts = 8

export function checkNode (): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.versions.node
  throw new Error(`version ${process.versions.node} is too old; install Node ${oldestNode.join('.')} or newer, or start with npm, which brings one`)
}

export async function checkFfmpeg ({ ffmpegPath }: Config): Promise<string> {
  const ffmpeg = await findFfmpeg(ffmpegPath)
  const missing = await missingFfmpegParts(ffmpeg)
  if (missing.length === 0) return `${ffmpeg.version} (${ffmpeg.path})`
  throw new Error(`${ffmpeg.path} was built without ${missing.slice(0, namedParts).join(', ')}${missing.length > namedParts ? ' …' : ''}; install a full build or set FFMPEG_PATH to one`)
}

export async function checkDisk ({ dataDir }: Config): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const { bavail, bsize } = await statfs(dataDir)
  const free = bavail * bsize
  if (free >= leastFreeBytes) return `${readableBytes(free)} free in ${dataDir}`
  throw new Error(`only ${readableBytes(free)} free in ${dataDir}; free some space or set DATA_DIR to a larger disk`)
}

/** Loads the keys as the server will. A key that is kept and not made yet is no fault: the first start makes it. */
export async function checkKeys (config: Config): Promise<string> {
  const jwt = await given(config.jwtPrivateKey)
  if (jwt !== undefined) readJwtKeys(jwt, config.jwtOtherKeys)
  const cdn = await given(config.cdn.privateKey)
  if (cdn === undefined) return 'made at the first start'
  const publicKey = createPublicKey(mediaSigningKey(cdn)).export({ type: 'spki', format: 'der' })
  const fingerprint = createHash('sha256').update(publicKey).digest('base64')
  return `media are signed as ${config.cdn.keyPairId} by the key whose public half has SHA256:${fingerprint}`
}

async function given (source: SecretSource): Promise<string | undefined> {
  if (source.kind === 'kept' && !existsSync(source.file)) return undefined
  return await secretText(source, () => '')
}

/** Writes, reads and deletes a probe. */
export async function checkStore (config: Config): Promise<string> {
  const store = await openStore(config, { async send () {} })
  try {
    await store.check()
    const key = `doctor/${randomUUID()}`
    await store.put(key, Buffer.from(key), { contentType: 'text/plain' })
    try {
      const { body } = await store.get(key)
      if (await text(body) !== key) throw new Error('the store gave back other bytes than it was given')
    } finally {
      await store.delete(key)
    }
    const { storage } = config
    return `writable (${storage.kind === 's3' ? `bucket ${storage.bucket}` : storage.dir})`
  } finally {
    await store.close()
  }
}

/** @param address of the database, which a queue in Postgres is in */
export async function checkQueue (config: Config, address: DatabaseAddress): Promise<string> {
  const queue = openQueue(config, address, () => {})
  try {
    await queue.check()
    const { waiting, inFlight, dead } = await queue.depth()
    return `${config.queue.kind}: ${waiting} waiting, ${inFlight} in flight, ${dead} dead`
  } finally {
    await queue.close()
  }
}

/** The port is free, or Freshet itself has it. */
export async function checkPort ({ http: { host, port, publicUrl } }: Config): Promise<string> {
  const error = await new Promise<Error | undefined>((resolve) => {
    const server = createServer().once('error', resolve).listen(port, host, () => server.close(() => resolve(undefined)))
  })
  if (error === undefined) return port === 0 ? 'any free one' : `${port} on ${host} is free`
  if ('code' in error && error.code === 'EADDRINUSE') {
    if (await isFreshet(`http://${host}:${port}`)) return `${port} on ${host}: Freshet is running, at ${publicUrl}`
    throw new Error(`${port} on ${host} is taken by another program; stop it or set PORT`)
  }
  throw new Error(`${error.message}; set HOST and PORT to an address of this machine`)
}

async function isFreshet (address: string): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(2_000) })
    return answer.ok && (await answer.text()).includes('"alive"')
  } catch {
    return false
  }
}
