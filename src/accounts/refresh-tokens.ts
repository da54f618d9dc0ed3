import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** A refresh token that this service made, perhaps long ago. */
export interface RefreshToken {
  readonly sessionId: string
  /** Counts the rotations of its session. */
  readonly generation: number
  readonly text: string
}

export interface RefreshTokens {
  mint(sessionId: string, generation: number): RefreshToken
  /** null for a text that was never one of this service's tokens. */
  parse(text: string): RefreshToken | null
  /** Whether it was made with the secret now in use. */
  isGenuine(token: RefreshToken): boolean
}

const form = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(0|[1-9]\d{0,8})\.([\w-]{43})$/

/**
 * A token is `session.generation.mac`, 256 bits of HMAC under a key derived from the secret, which may change: tokens
 * made before are good still, by their hashes. So two tabs that rotate at once get the same successor, and a token of
 * any age tells which session it was stolen from. The database holds hashes of the newest two only, and no key: reading
 * it gives nobody a token.
 */
export function createRefreshTokens (secret: () => string): RefreshTokens {
  let derived = { from: '', key: Buffer.alloc(0) }
  const key = () => {
    const from = secret()
    if (from !== derived.from) derived = { from, key: Buffer.from(hkdfSync('sha256', from, '', 'freshet refresh token', 32)) }
    return derived.key
  }
  const macOf = (sessionId: string, generation: number) => createHmac('sha256', key()).update(`${sessionId}.${generation}`).digest('base64url')
  const mint = (sessionId: string, generation: number) =>
    ({ sessionId, generation, text: `${sessionId}.${generation}.${macOf(sessionId, generation)}` })
  return {
    mint,
    parse (text) {
      const match = form.exec(text)
      return match === null ? null : { sessionId: match[1] ?? '', generation: Number(match[2]), text }
    },
    isGenuine: (token) => timingSafeEqual(sha256(token.text), sha256(mint(token.sessionId, token.generation).text))
  }
}

/** What the database keeps of a token. */
export function tokenHash (token: string): string {
  return sha256(token).toString('hex')
}

function sha256 (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
