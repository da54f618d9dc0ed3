import { randomBytes } from 'node:crypto'
import type { SignedIn } from '../../src/accounts/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import { type Client, createClient } from '../../test/acceptance/client.ts'
import { expect, expectStatus } from '../../test/acceptance/expectations.ts'
import { noiseWav } from '../../test/acceptance/noise-wav.ts'
import { uploadFile } from '../../test/acceptance/upload-file.ts'
import type { Fleet } from './fleet.ts'

export interface Listener {
  readonly credentials: { readonly username: string, readonly password: string }
  readonly client: Client
}

/** A track with the bytes that everybody must get of it. */
export interface KnownTrack {
  readonly id: string
  readonly title: string
  readonly stream: Stream
  readonly bytes: Buffer
}

/** Accounts and music for a proof, made over HTTP. */
export interface Stage {
  readonly admin: Client
  readonly listeners: readonly Listener[]
  readonly tracks: readonly KnownTrack[]
}

export interface StageOptions {
  readonly listeners: number
  readonly tracks: number
  readonly trackSeconds: number
  /** Of the admin, where the fleet has one. */
  readonly credentials?: Listener['credentials'] | undefined
}

const patienceMs = 300_000
const artist = 'The Proof'

/** Makes the first admin, or signs in as the one that there is. */
export async function setStage (fleet: Fleet, { listeners, tracks, trackSeconds, credentials = newAdmin() }: StageOptions): Promise<Stage> {
  const stranger = createClient({ address: fleet.url })
  const { needed } = expectStatus(await stranger.get<{ needed: boolean }>('/api/setup'), 200).body
  if (needed) expectStatus(await stranger.request('POST', '/api/setup', { body: { token: fleet.setupToken() ?? '', ...credentials } }), 201)
  const admin = await signedIn(stranger, credentials)
  const name = randomBytes(3).toString('hex')
  const people: Listener[] = []
  for (let number = 1; number <= listeners; number++) people.push(await makeListener(admin, `${name}-${number}`))
  const known: KnownTrack[] = []
  for (let number = 1; number <= tracks; number++) known.push(await bringTrack(admin, { title: `Movement ${number} ${name}`, number, seconds: trackSeconds }))
  return { admin, listeners: people, tracks: known }
}

function newAdmin () {
  return { username: 'proof-admin', password: randomBytes(12).toString('hex') }
}

async function makeListener (admin: Client, name: string): Promise<Listener> {
  const credentials = { username: `listener-${name}`, password: randomBytes(12).toString('hex') }
  expectStatus(await admin.request('POST', '/api/users', { body: { ...credentials, role: 'listener' } }), 201)
  return { credentials, client: await signedIn(admin, credentials) }
}

export async function signedIn (client: Client, credentials: Listener['credentials']): Promise<Client> {
  return client.as(expectStatus(await client.as(undefined).request<SignedIn>('POST', '/api/session', { body: credentials }), 200).body.accessToken)
}

async function bringTrack (admin: Client, { title, number, seconds }: { readonly title: string, readonly number: number, readonly seconds: number }): Promise<KnownTrack> {
  const upload = await uploadFile(admin, { relativePath: `proof/${title}.wav`, bytes: proofSound(title, number, seconds) }, patienceMs)
  const { trackId } = upload
  expect(trackId !== null, `${title} ended as ${upload.state}: ${upload.reason ?? 'no reason'}`)
  const { body: stream } = expectStatus(await admin.get<Stream>(`/api/tracks/${trackId}/stream?format=aac&maxBitrateKbps=160`), 200)
  const { bytes } = expectStatus(await admin.get(stream.url, { token: undefined }), 200)
  return { id: trackId, title, stream, bytes }
}

export function proofSound (title: string, trackNo: number, seconds: number): Buffer {
  return noiseWav({ seconds, channels: 1, tags: { title, artist, album: 'Proof', trackNo } })
}
