import { createHash } from 'node:crypto'
import { expiryFor, type MediaSigner } from '../platform/cdn/cloudfront-signer.ts'
import type { Database } from '../platform/database/database.ts'

export interface ArtworkAccess {
  /** Scheme, host and path before the key, without a slash at its end. */
  readonly baseUrl: string
  /** The same for every picture, whoever asks and whichever instance answers: goes behind the question mark of its address. */
  readonly artworkQuery: string
  readonly expiresAt: Date
}

export interface ArtworkAccessDeps {
  readonly db: Database
  readonly signer: MediaSigner
  readonly mediaUrl: string
}

const daySeconds = 86_400
const keyPrefix = 'media/artwork/'
/** Of each signer the newest. */
const kept = new WeakMap<MediaSigner, { readonly id: string, readonly query: string }>()

/**
 * One signature over all artwork. It ends at the end of tomorrow (UTC): pictures keep their addresses for a day, so
 * that browsers cache them, and what is signed now lives at least 24 hours.
 */
export async function artworkAccess ({ db, signer, mediaUrl }: ArtworkAccessDeps, now: Date): Promise<ArtworkAccess> {
  const expiresAt = expiryFor(now, daySeconds, daySeconds)
  const id = signatureId({ signer, mediaUrl }, expiresAt)
  let signature = kept.get(signer)
  if (signature?.id !== id) {
    signature = { id, query: await findQuery(db, id) ?? await shareQuery(db, { id, query: signer.signPrefix(keyPrefix, expiresAt).query, expiresAt }) }
    kept.set(signer, signature)
  }
  return { baseUrl: mediaUrl, artworkQuery: signature.query, expiresAt }
}

/** By the key itself: one that was made anew may have the name of the old. */
function signatureId ({ signer, mediaUrl }: Omit<ArtworkAccessDeps, 'db'>, expiresAt: Date): string {
  const key = signer.publicKeys.get(signer.keyPairId)
  if (key === undefined) throw new Error(`the key ${signer.keyPairId} signs, but is not among those that check`)
  const hash = createHash('sha256').update(key.export({ type: 'spki', format: 'der' }))
  return hash.update(`\n${signer.keyPairId}\n${mediaUrl}/${keyPrefix}\n${expiresAt.getTime()}`).digest('hex')
}

async function findQuery ({ pool }: Database, id: string): Promise<string | undefined> {
  const { rows: [row] } = await pool.query<{ query: string }>('SELECT query FROM artwork_signature WHERE id = $1', [id])
  return row?.query
}

/** An ECDSA signature is another one each time: that of the instance which comes first is everybody's. */
async function shareQuery (db: Database, { id, query, expiresAt }: { readonly id: string, readonly query: string, readonly expiresAt: Date }): Promise<string> {
  await db.pool.query('INSERT INTO artwork_signature (id, query, expires_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING', [id, query, expiresAt])
  return await findQuery(db, id) ?? query
}

/** @returns how many signatures that nobody can use any more were forgotten */
export async function forgetOldSignatures ({ pool }: Pick<Database, 'pool'>, now: Date): Promise<number> {
  return (await pool.query('DELETE FROM artwork_signature WHERE expires_at < $1', [now])).rowCount ?? 0
}
