import { randomBytes } from 'node:crypto'
import type { SignedIn, User } from '../../src/accounts/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import type { Client } from './client.ts'
import { expect, expectStatus } from './expectations.ts'

type Role = User['role']

/** An account that the suite made, signed in. */
export interface Player {
  readonly user: User
  readonly password: string
  readonly client: Client
  /** The refresh cookie as `name=value`. */
  readonly cookie: string
}

/** One of each role that isn’t the owner’s, and a second listener. */
export interface Cast {
  readonly listener: Player
  readonly other: Player
  readonly curator: Player
  readonly auditor: Player
}

/** Makes the accounts, which go when the suite ends. */
export async function gatherCast (acceptance: Acceptance): Promise<Cast> {
  return {
    listener: await makePlayer(acceptance, 'listener', 'listener'),
    other: await makePlayer(acceptance, 'other', 'listener'),
    curator: await makePlayer(acceptance, 'curator', 'curator'),
    auditor: await makePlayer(acceptance, 'auditor', 'auditor')
  }
}

export async function makePlayer ({ suite, owner, stranger, prefix }: Acceptance, name: string, role: Role): Promise<Player> {
  const credentials = { username: `${prefix}-${name}`, password: randomBytes(16).toString('hex') }
  const { body: user } = expectStatus(await owner.request<User>('POST', '/api/users', { body: { ...credentials, role } }), 201)
  suite.afterwards(`the account ${credentials.username} is removed`, async () => { expectStatus(await owner.request('DELETE', `/api/users/${user.id}`), 204, 404) })
  return { user, password: credentials.password, ...await enter(stranger, credentials) }
}

/** Signs in. */
export async function enter (stranger: Client, credentials: { readonly username: string, readonly password: string }): Promise<Pick<Player, 'client' | 'cookie'>> {
  const answer = expectStatus(await stranger.request<SignedIn>('POST', '/api/session', { body: credentials }), 200)
  return { client: stranger.as(answer.body.accessToken), cookie: cookieOf(answer.headers) }
}

/** Of the Set-Cookie header: name and value, without the attributes. */
export function cookieOf (headers: Headers): string {
  const cookie = headers.getSetCookie().find((one) => one.includes('freshet_refresh='))
  expect(cookie !== undefined, 'no refresh cookie was set')
  return cookie.split(';', 1)[0] ?? ''
}
