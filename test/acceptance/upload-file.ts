import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { PartAddresses, Upload, UploadTicket } from '../../src/uploads/schemas.ts'
import type { Client } from './client.ts'
import { expect, expectStatus } from './expectations.ts'

export interface FileToUpload {
  readonly relativePath: string
  readonly bytes: Buffer
}

export async function openUpload (client: Client, { relativePath, bytes }: FileToUpload): Promise<UploadTicket> {
  const body = { relativePath, sizeBytes: bytes.length, contentType: 'application/octet-stream', fingerprint: sha256(bytes) }
  return expectStatus(await client.request<UploadTicket>('POST', '/api/uploads', { body }), 201).body
}

/** PUTs these parts where the service says. */
export async function sendParts (client: Client, ticket: UploadTicket, bytes: Buffer, partNumbers: readonly number[]): Promise<Array<{ partNumber: number, etag: string }>> {
  const { parts } = expectStatus(await client.request<PartAddresses>('POST', `/api/uploads/${ticket.id}/parts`, { body: { partNumbers } }), 200).body
  const sent: Array<{ partNumber: number, etag: string }> = []
  for (const { partNumber, url, headers } of parts) {
    const part = partOf(ticket, bytes, partNumber)
    const answer = expectStatus(await client.request('PUT', url, { body: part, headers, token: undefined }), 200)
    const etag = answer.headers.get('etag')
    expect(etag !== null, `the store gave no ETag for part ${partNumber}`)
    sent.push({ partNumber, etag })
  }
  return sent
}

export function partOf ({ partSizeBytes }: UploadTicket, bytes: Buffer, partNumber: number): Buffer {
  return bytes.subarray((partNumber - 1) * partSizeBytes, partNumber * partSizeBytes)
}

/** From the ticket to the end of processing. */
export async function uploadFile (client: Client, file: FileToUpload, patienceMs: number): Promise<Upload> {
  const ticket = await openUpload(client, file)
  const parts = await sendParts(client, ticket, file.bytes, Array.from({ length: ticket.partCount }, (_, at) => at + 1))
  expectStatus(await client.request('POST', `/api/uploads/${ticket.id}/complete`, { body: { parts, sha256: sha256(file.bytes) } }), 200)
  return processed(client, ticket.id, patienceMs)
}

/** @throws Error when processing takes longer than the patience */
export async function processed (client: Client, id: string, patienceMs: number): Promise<Upload> {
  const deadline = performance.now() + patienceMs
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 1.5, 1_000)) {
    const upload = expectStatus(await client.get<Upload>(`/api/uploads/${id}`), 200).body
    if (upload.state !== 'received' && upload.state !== 'open') return upload
    expect(performance.now() < deadline, `after ${Math.round(patienceMs / 1000)} s the upload is still ${upload.state} (${upload.stage ?? 'no worker has begun'}): ${upload.reason ?? 'is a worker running?'}`)
    await delay(waitMs)
  }
}

export function sha256 (bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
