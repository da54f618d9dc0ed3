import { availableParallelism } from 'node:os'
import createError from '@fastify/error'
import { hash, type Options, verify } from '@node-rs/argon2'
import { commonPasswords } from './common-passwords.ts'
import { createTurnstile } from '../platform/turnstile.ts'
import { usernameKeyOf } from './username.ts'

export const PasswordUnacceptableError = createError<[string]>('PASSWORD_UNACCEPTABLE', 'the password %s; choose another', 400)

/** OWASP's Password Storage Cheat Sheet: argon2id (the library's default kind), 19 MiB, two passes, one lane. */
const cost: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const minCharacters = 12
const maxCharacters = 256

/** Each takes 19 MiB and a core for some milliseconds: as many at once as leave a core for everything else. */
const turnstile = createTurnstile({ width: Math.max(1, availableParallelism() - 1), queue: 200 })

/** A hash of nothing anybody knows: an unknown user costs as much time as a wrong password. */
let dummyHash: Promise<string> | undefined

/**
 * Length and notoriety only: rules of composition make passwords worse.
 * @throws PasswordUnacceptableError
 */
export function checkNewPassword (password: string, username: string): void {
  const characters = [...password.normalize('NFKC')].length
  if (characters < minCharacters) throw new PasswordUnacceptableError(`has fewer than ${minCharacters} characters`)
  if (characters > maxCharacters) throw new PasswordUnacceptableError(`has more than ${maxCharacters} characters`)
  const key = usernameKeyOf(password)
  if (key === usernameKeyOf(username)) throw new PasswordUnacceptableError('is the username')
  if (commonPasswords.has(key) || /^(.)\1*$/u.test(key)) throw new PasswordUnacceptableError('is among the first that anybody would guess')
}

/** @throws BusyError when too many wait already */
export function hashPassword (password: string): Promise<string> {
  return turnstile(() => hash(password.normalize('NFKC'), cost))
}

/**
 * Without a hash (no such user) it takes as long and says false.
 * @throws BusyError when too many wait already
 */
export async function passwordMatches (passwordHash: string | undefined, password: string): Promise<boolean> {
  dummyHash ??= hash(crypto.randomUUID(), cost)
  const against = passwordHash ?? await dummyHash
  const matches = await turnstile(() => verify(against, password.normalize('NFKC')))
  return matches && passwordHash !== undefined
}
