import { randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import { openStore } from '../open-platform.ts'

const answerWithinMs = 10_000

/** Sends a part as the upload page will, with the questions that its browser asks before and after. */
export async function checkUploads (config: Config): Promise<string> {
  const store = await openStore(config, { async send () {} })
  const key = `doctor/${randomUUID()}`
  const origin = new URL(config.http.publicUrl).origin
  try {
    const id = await store.createMultipart(key, { contentType: 'audio/flac' })
    try {
      const { url, headers } = await store.presignPart(key, id, 1, { sizeBytes: key.length, expiresInSeconds: 60 })
      await sendAsPage(origin, { url, headers, body: key })
    } finally {
      await store.abortMultipart(key, id)
    }
    return `pages of ${origin} may send to ${await store.uploadOrigin()}`
  } finally {
    await store.close()
  }
}

interface Part { readonly url: string, readonly headers: Readonly<Record<string, string>>, readonly body: string }

async function sendAsPage (origin: string, { url, headers, body }: Part): Promise<void> {
  const names = Object.keys(headers).map((name) => name.toLowerCase()).sort()
  const asked = { origin, 'access-control-request-method': 'PUT', ...(names.length === 0 ? {} : { 'access-control-request-headers': names.join(',') }) }
  const preflight = await fetch(url, { method: 'OPTIONS', headers: asked, signal: AbortSignal.timeout(answerWithinMs) })
  const mayHave = (answer: Response, list: string, name: string) => listOf(answer, list).some((entry) => entry === '*' || entry === name.toLowerCase())
  const lacks = (what: string) => new Error(`browsers may not send files to the store from ${origin}: the bucket’s CORS rules must ${what}; put-bucket-cors with AllowedOrigins ${origin}, AllowedMethods PUT, AllowedHeaders * and ExposeHeaders ETag`)
  if (!preflight.ok || !mayHave(preflight, 'access-control-allow-origin', origin)) throw lacks(`allow PUT from ${origin}`)
  if (!mayHave(preflight, 'access-control-allow-methods', 'PUT')) throw lacks('allow PUT')
  const refused = names.find((name) => !mayHave(preflight, 'access-control-allow-headers', name))
  if (refused !== undefined) throw lacks(`allow the header ${refused}`)
  const answer = await fetch(url, { method: 'PUT', headers: { ...headers, origin }, body, signal: AbortSignal.timeout(answerWithinMs) })
  if (!answer.ok) throw new Error(`the store refused a part with ${answer.status}; check the credentials’ right to s3:PutObject and this machine’s clock`)
  if (!mayHave(answer, 'access-control-expose-headers', 'ETag')) throw lacks('expose ETag')
}

function listOf (answer: Response, header: string): string[] {
  return (answer.headers.get(header) ?? '').split(',').map((entry) => entry.trim().toLowerCase())
}
