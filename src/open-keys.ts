import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from './config.ts'
import { type MediaKeyRing, mediaKeyRing, type MediaKeys, readMediaKeys } from './platform/cdn/media-keys.ts'
import { type JwtKeyRing, jwtKeyRing, type JwtKeys, readJwtKeys } from './platform/jwt-keys.ts'
import { newJwtKeyPem, newSigningKeyPem, secretText } from './platform/secrets.ts'

export interface Keys {
  readonly media: MediaKeyRing
  readonly jwt: JwtKeyRing
  /** Makes refresh tokens. */
  readonly refreshSecret: () => string
  /** Without waiting for settings that are being read: where AWS doesn't answer, that takes longer than a shutdown may. */
  close(): Promise<void>
}

export interface Reloading {
  /** Reads the settings anew. */
  readonly reload: () => Promise<Config>
  readonly onError: (error: Error) => void
  /** Default: often enough that a key that was taken away is refused within a minute everywhere. */
  readonly everyMs?: number
}

const reloadEveryMs = 25_000

/**
 * The keys of the settings, made where they are neither given nor kept yet. With `reloading` they follow the settings:
 * keys that are references change without a restart.
 * @throws SigningKeyInvalidError, JwtKeyInvalidError, SecretEmptyError
 */
export async function openKeys (config: Config, reloading?: Reloading): Promise<Keys> {
  const first = await read(config)
  const media = mediaKeyRing(first.media)
  const jwt = jwtKeyRing(first.jwt)
  let refreshSecret = first.refreshSecret
  const closed = new AbortController()
  const follow = async ({ reload, onError, everyMs = reloadEveryMs }: Reloading) => {
    while (!closed.signal.aborted) {
      await delay(everyMs, undefined, { signal: closed.signal, ref: false })
      try {
        const next = await read(await reload())
        if (closed.signal.aborted) return
        media.replace(next.media)
        jwt.replace(next.jwt)
        refreshSecret = next.refreshSecret
      } catch (error) {
        // What was good stays in use; somebody must hear of it.
        if (!closed.signal.aborted) onError(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }
  if (reloading !== undefined) follow(reloading).catch(ignoreAbort)
  return {
    media,
    jwt,
    refreshSecret: () => refreshSecret,
    async close () { closed.abort() }
  }
}

async function read (config: Config): Promise<{ readonly media: MediaKeys, readonly jwt: JwtKeys, readonly refreshSecret: string }> {
  const { keyPairId, privateKey, next } = config.cdn
  const media = readMediaKeys({ keyPairId, privateKey: await secretText(privateKey, newSigningKeyPem) }, next)
  const jwtPrivateKey = await secretText(config.jwtPrivateKey, newJwtKeyPem)
  return { media, jwt: readJwtKeys(jwtPrivateKey, config.jwtOtherKeys), refreshSecret: config.refreshSecret ?? jwtPrivateKey }
}

function ignoreAbort (error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
