import type { CreatedApiToken } from './shapes.ts'
import type { Me, SignedIn, User } from '../../src/accounts/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import { type Cast, cookieOf, enter, makePlayer, type Player } from './cast.ts'
import { eventually, expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import type { Sessions } from './shapes.ts'

const wrongPassword = 'not the password at all'
/** Instances tell each other of a change in milliseconds, and believe what they know for 5 s at most. */
const soon = (look: () => Promise<void>) => eventually(6_000, look)

/** Sign-in, sessions, tokens, and what an admin may do to an account. */
export async function accounts (acceptance: Acceptance, cast: Cast): Promise<void> {
  await acceptance.suite.section('Sessions', () => sessions(acceptance, cast.listener))
  await acceptance.suite.section('API tokens', () => apiTokens(acceptance, cast.listener))
  await acceptance.suite.section('Changes to an account', () => changes(acceptance))
}

async function sessions ({ suite, stranger }: Acceptance, listener: Player): Promise<void> {
  const credentials = { username: listener.user.username, password: listener.password }
  await suite.check('a wrong password and an unknown name get the same answer', async () => {
    const wrong = await stranger.request('POST', '/api/session', { body: { ...credentials, password: wrongPassword } })
    const unknown = await stranger.request('POST', '/api/session', { body: { username: `${credentials.username}-nobody`, password: wrongPassword } })
    expectError(wrong, 401, 'SIGN_IN_FAILED')
    expectEqual(unknown.body, wrong.body, 'the answer for an unknown name')
  })
  await suite.check('a name is known however it is written', async () => { await enter(stranger, { ...credentials, username: credentials.username.toUpperCase() }) })
  const first = await suite.step('signing in sets a cookie that scripts and other sites don’t get', async () => {
    const answer = expectStatus(await stranger.request<SignedIn>('POST', '/api/session', { body: credentials }), 200)
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(/; HttpOnly/i.test(cookie) && /; SameSite=Strict/i.test(cookie), `the cookie’s attributes are${cookie.replace(/^[^;]*/, '')}`)
    if (stranger.address.startsWith('https:')) expect(cookie.startsWith('__Host-') && /; Secure/i.test(cookie), 'behind https the cookie is not bound to the host')
    return { token: answer.body.accessToken, cookie: cookieOf(answer.headers) }
  })
  const second = await suite.step('the cookie gets a new access token, and another cookie', async () => {
    const answer = expectStatus(await stranger.request<SignedIn>('POST', '/api/session/refresh', { headers: { cookie: first.cookie } }), 200)
    expectStatus(await stranger.get('/api/me', { token: answer.body.accessToken }), 200)
    expect(cookieOf(answer.headers) !== first.cookie, 'the cookie stayed the same')
    return { token: answer.body.accessToken, cookie: cookieOf(answer.headers) }
  })
  await suite.check('another site can’t refresh it', async () =>
    expectError(await stranger.request('POST', '/api/session/refresh', { headers: { cookie: second.cookie, origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' } }), 403, 'CROSS_SITE'))
  await suite.check('a session can be ended from another one', async () => {
    const { items } = expectStatus(await listener.client.get<Sessions>('/api/sessions'), 200).body
    const theirs = expectStatus(await stranger.get<Sessions>('/api/sessions', { token: second.token }), 200).body.items.find(({ current }) => current)
    expect(theirs !== undefined && items.some(({ id }) => id === theirs.id), 'the session is not in the list')
    expectStatus(await listener.client.request('DELETE', `/api/sessions/${theirs.id}`), 204)
    expectError(await stranger.request('POST', '/api/session/refresh', { headers: { cookie: second.cookie } }), 401, 'SESSION_ENDED')
    await soon(async () => expectError(await stranger.get('/api/me', { token: second.token }), 401, 'UNAUTHENTICATED'))
  })
  await suite.check('after signing out the cookie is worth nothing', async () => {
    const { cookie } = await enter(stranger, credentials)
    expectStatus(await stranger.request('DELETE', '/api/session', { headers: { cookie } }), 204)
    expectError(await stranger.request('POST', '/api/session/refresh', { headers: { cookie } }), 401, 'SESSION_ENDED')
  })
  await suite.check('a changed access token is refused', async () => {
    const [head = '', claims = '', signature = ''] = first.token.split('.')
    const admin = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), role: 'admin' })).toString('base64url')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
    for (const token of [`${head}.${admin}.${signature}`, `${none}.${admin}.`, `${head}.${claims}.`, 'fr_0000000000', first.cookie.split('=')[1]]) {
      expectError(await stranger.get('/api/me', { token }), 401, 'UNAUTHENTICATED')
    }
  })
}

async function apiTokens ({ suite, stranger }: Acceptance, listener: Player): Promise<void> {
  const made = await suite.step('a token is made and shown once', async () => {
    const { body } = expectStatus(await listener.client.request<CreatedApiToken>('POST', '/api/me/tokens', { body: { name: 'acceptance' } }), 201)
    const listed = expectStatus(await listener.client.get('/api/me/tokens'), 200)
    expect(!listed.bytes.includes(body.token), 'the list shows the token')
    return body
  })
  await suite.check('it signs requests', async () => expectEqual((await stranger.get<Me>('/api/me', { token: made.token })).body.user.id, listener.user.id, 'the user'))
  await suite.check('it can’t make further tokens', async () =>
    expectError(await stranger.request('POST', '/api/me/tokens', { token: made.token, body: { name: 'more' } }), 403, 'SESSION_REQUIRED'))
  await suite.check('revoked, it is refused', async () => {
    expectStatus(await listener.client.request('DELETE', `/api/me/tokens/${made.id}`), 204)
    await soon(async () => expectError(await stranger.get('/api/me', { token: made.token }), 401))
  })
}

async function changes (acceptance: Acceptance): Promise<void> {
  const { suite, stranger, owner, prefix } = acceptance
  const player = await suite.step('an account is made', () => makePlayer(acceptance, 'changed', 'listener'))
  const path = `/api/users/${player.user.id}`
  const credentials = { username: player.user.username, password: player.password }
  await suite.check('a name is taken once, however it is written', async () =>
    expectError(await owner.request('POST', '/api/users', { body: { ...credentials, username: credentials.username.toUpperCase() } }), 409, 'USERNAME_TAKEN'))
  await suite.check('a poor password is refused', async () =>
    expectError(await owner.request('POST', '/api/users', { body: { username: `${prefix}-poor`, password: 'password1234' } }), 400, 'PASSWORD_UNACCEPTABLE'))
  await suite.check('a new role counts', async () => {
    expectStatus(await owner.request('PATCH', path, { body: { role: 'curator' } }), 200)
    const { client } = await enter(stranger, credentials)
    expectStatus(await client.get('/api/jobs/summary'), 200)
    expectStatus(await owner.request('PATCH', path, { body: { role: 'listener' } }), 200)
    await soon(async () => { expectStatus(await client.get('/api/jobs/summary'), 401, 403) })
  })
  await suite.check('a password changed by its owner lets nobody in with the old one', async () => {
    const { client } = await enter(stranger, credentials)
    const newPassword = `${player.password} and more`
    expectError(await client.request('POST', '/api/me/password', { body: { currentPassword: wrongPassword, newPassword } }), 403, 'WRONG_PASSWORD')
    expectStatus(await client.request('POST', '/api/me/password', { body: { currentPassword: player.password, newPassword } }), 204)
    expectError(await stranger.request('POST', '/api/session', { body: credentials }), 401, 'SIGN_IN_FAILED')
    await enter(stranger, { ...credentials, password: newPassword })
    expectStatus(await owner.request('PATCH', path, { body: { password: player.password } }), 200)
  })
  await suite.check('a disabled account is out, and in again when enabled', async () => {
    const { client } = await enter(stranger, credentials)
    expectStatus(await owner.request<User>('PATCH', path, { body: { disabled: true } }), 200)
    await soon(async () => expectError(await client.get('/api/me'), 401))
    expectError(await stranger.request('POST', '/api/session', { body: credentials }), 401, 'SIGN_IN_FAILED')
    expectStatus(await owner.request('PATCH', path, { body: { disabled: false } }), 200)
    await enter(stranger, credentials)
  })
  await suite.check('what was done stands in the audit log', async () => {
    const { bytes } = expectStatus(await owner.get('/api/audit?limit=200'), 200)
    expect(bytes.includes(player.user.id), 'the account’s changes are not in it')
    expect(!bytes.includes(player.password), 'the log holds a password')
  })
}
