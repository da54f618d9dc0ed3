import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import createError from '@fastify/error'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import type { Database } from '../platform/database/database.ts'

const RefusedError = createError<[number]>('TOO_MANY_SIGN_INS', 'too many failed sign-ins; try again in %d seconds', 429)

export class TooManySignInsError extends RefusedError {
  /** The error handler makes the Retry-After header of it. */
  readonly retryAfterSeconds: number
  constructor (retryAfterSeconds: number) {
    super(retryAfterSeconds)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

const quarterHourSeconds = 900
const knownSeconds = 90 * 86_400

/** All in attempts that failed: one that succeeds gives its point back. */
const limits = {
  /** One address, any names: spraying. An organisation behind one address forgets its passwords less often than this. */
  address: { points: 100, duration: quarterHourSeconds },
  /** One address at one account. */
  pair: { points: 10, duration: quarterHourSeconds },
  /** One account from all addresses that never signed in to it. */
  account: { points: 10, duration: quarterHourSeconds },
  /** What remains for such addresses after that: never nothing, or strangers could lock the owner out. */
  trickle: { points: 1, duration: 10 },
  /** Remembers from which addresses an account was signed in to. */
  known: { points: 1, duration: knownSeconds }
} as const

export interface SignInAttempt {
  readonly usernameKey: string
  readonly address: string
}

export interface SignInLimits {
  /** Takes a point before the password is looked at, so that attempts at once can't slip through together. */
  admit(attempt: SignInAttempt): Promise<void>
  succeeded(attempt: SignInAttempt): Promise<void>
}

type LimiterName = keyof typeof limits

/**
 * Counts in the database: every instance sees what the others refused. What is signed in to by other means has counts of
 * its own, by `door`: an app with an old password must not lock its owner out of the web client.
 */
export function createSignInLimits (db: Database, door: '' | 'app-' = ''): SignInLimits {
  const limiters = Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, new RateLimiterPostgres({
    storeClient: db.pool, storeType: 'pool', tableName: 'rate_limit', tableCreated: true, keyPrefix: `${door}${name}`, ...limit
  })])) as Record<LimiterName, RateLimiterPostgres>

  return {
    async admit (attempt) {
      const keys = keysOf(attempt)
      await take(limiters.address, keys.address)
      await take(limiters.pair, keys.pair)
      if (await limiters.known.get(keys.pair) !== null) return
      const strangers = await limiters.account.consume(keys.account).catch(asRefusal)
      if (strangers.remainingPoints === 0 && strangers.consumedPoints > limits.account.points) await take(limiters.trickle, keys.account)
    },
    async succeeded (attempt) {
      const keys = keysOf(attempt)
      await limiters.address.reward(keys.address)
      await limiters.pair.delete(keys.pair)
      const wasKnown = await limiters.known.get(keys.pair) !== null
      if (!wasKnown) await limiters.account.reward(keys.account)
      await limiters.known.set(keys.pair, 1, knownSeconds)
    }
  }
}

async function take (limiter: RateLimiterPostgres, key: string): Promise<void> {
  const answer = await limiter.consume(key).catch(asRefusal)
  if (answer.consumedPoints > limiter.points) throw new TooManySignInsError(Math.max(1, Math.ceil(answer.msBeforeNext / 1000)))
}

/** The library rejects with its result where the points are used up; anything else is a fault. */
function asRefusal (reason: unknown): RateLimiterRes {
  if (reason instanceof RateLimiterRes) return reason
  throw reason
}

/** Hashed: the table holds nobody's name or address, and keys stay short. */
function keysOf ({ usernameKey, address }: SignInAttempt): { readonly address: string, readonly account: string, readonly pair: string } {
  const network = networkOf(address)
  return { address: digest(network), account: digest(usernameKey), pair: digest(`${usernameKey}\n${network}`) }
}

/** One household has a whole /64 of IPv6 addresses. */
function networkOf (address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const gap = address.includes('::') ? Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0') : []
  return [...front, ...gap, ...back].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')
}

function digest (text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
