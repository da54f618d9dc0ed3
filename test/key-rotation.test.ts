import { createPrivateKey, createPublicKey } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readConfig } from '../src/config.ts'
import { openKeys } from '../src/open-keys.ts'
import { createMediaSigner } from '../src/platform/cdn/cloudfront-signer.ts'
import { newJwtKeyPem, newSigningKeyPem } from '../src/platform/secrets.ts'
import { resolveSettings } from '../src/platform/settings/resolve-settings.ts'
import { artworkAccess } from '../src/streaming/artwork-access.ts'
import { testApp } from './support/app.ts'
import { type AwsDouble, startAwsDouble } from './support/aws-double.ts'
import { testDatabase } from './support/database.ts'

process.env['AWS_ACCESS_KEY_ID'] = 'any'
process.env['AWS_SECRET_ACCESS_KEY'] = 'any'

const everyMs = 40
const publicPem = (pem: string) => createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' }).toString()

/** One JSON secret holds everything that changes together. */
const references = Object.fromEntries(['CDN_KEY_PAIR_ID', 'CDN_PRIVATE_KEY', 'CDN_NEXT_KEY_PAIR_ID', 'CDN_NEXT_PRIVATE_KEY', 'JWT_PRIVATE_KEY', 'JWT_NEXT_PUBLIC_KEY', 'JWT_PREVIOUS_PUBLIC_KEY']
  .map((name) => [name, `aws-secret:freshet/keys#${name}`]))

/** Instances that look at the same secret, each at its own time. */
async function startFleet (t: Test, aws: AwsDouble, put: (keys: object) => void, first: object) {
  put(first)
  const db = await testDatabase(t)
  const read = async () => readConfig(await resolveSettings({ NODE_ENV: 'test', ...aws.env, ...references }))
  const faults: string[] = []
  /** Of each instance, how often it has begun to read the secret anew. */
  const readings: number[] = []
  const instance = async () => {
    const config = await read()
    const place = readings.push(0) - 1
    const reload = () => {
      readings[place] = (readings[place] ?? 0) + 1
      return read()
    }
    const keys = await openKeys(config, { reload, everyMs, onError: ({ message }) => { faults.push(message) } })
    t.teardown(() => keys.close())
    const signer = createMediaSigner({ mediaUrl: config.cdn.mediaUrl, keys: keys.media })
    return await testApp(t, { db, signer, jwtKeys: keys.jwt, refreshSecret: keys.refreshSecret })
  }
  const instances = [await instance(), await instance()] as const
  /** Resolves once every instance goes by what the secret holds now: after the one that was begun since it has begun another. */
  const settled = async () => {
    const before = [...readings]
    while (readings.some((count, place) => count < (before[place] ?? 0) + 2)) await delay(everyMs / 4)
  }
  return { instances, faults, settled }
}

t.test('keys are replaced and taken away without a failed play or sign-in', async (t) => {
  const aws = await startAwsDouble(t)
  const [cdn1, cdn2, jwt1, jwt2] = [newSigningKeyPem(), newSigningKeyPem(), newJwtKeyPem(), newJwtKeyPem()]
  const none = { CDN_NEXT_KEY_PAIR_ID: '', CDN_NEXT_PRIVATE_KEY: '', JWT_NEXT_PUBLIC_KEY: '', JWT_PREVIOUS_PUBLIC_KEY: '' }
  const put = (keys: object) => { aws.secrets.set('freshet/keys', JSON.stringify({ ...none, ...keys })) }
  const before = { CDN_KEY_PAIR_ID: 'K1', CDN_PRIVATE_KEY: cdn1, JWT_PRIVATE_KEY: jwt1 }
  const { instances: [one, two], faults, settled } = await startFleet(t, aws, put, before)
  await one.store.put('media/artwork/x.webp', Buffer.from('x'), { contentType: 'image/webp' })
  await two.store.put('media/artwork/x.webp', Buffer.from('x'), { contentType: 'image/webp' })
  const ada = await one.user('listener')
  // One moment for all: addresses change at midnight.
  const at = new Date()

  /** An address of each instance, fetched from each. */
  const plays = async (queries: readonly string[]) => {
    const answers = await Promise.all(queries.flatMap((query) => [one, two].map(({ app }) => app.inject({ url: `/media/artwork/x.webp?${query}` }))))
    return answers.map(({ statusCode }) => statusCode)
  }
  const query = async ({ deps }: typeof one) => (await artworkAccess({ db: deps.db, signer: deps.signer, mediaUrl: one.config.cdn.mediaUrl }, at)).artworkQuery
  const knows = async (token: string) => Promise.all([one, two].map(async ({ app }) => (await app.inject({ url: '/api/me', headers: { authorization: `Bearer ${token}` } })).statusCode))
  const refresh = async ({ app }: typeof one, cookie: string) => {
    const response = await app.inject({ method: 'POST', url: '/api/session/refresh', headers: { cookie } })
    const [next] = response.cookies
    return { status: response.statusCode, cookie: `${next?.name}=${next?.value}`, token: response.statusCode === 200 ? response.json<{ accessToken: string }>().accessToken : '' }
  }

  const old = { query: await query(one), token: ada.accessToken }
  t.match(old.query, 'Key-Pair-Id=K1')

  put({ ...before, CDN_NEXT_KEY_PAIR_ID: 'K2', CDN_NEXT_PRIVATE_KEY: cdn2, JWT_NEXT_PUBLIC_KEY: publicPem(jwt2) })
  await settled()
  t.equal(await query(two), old.query, 'step 1: the next keys are known, nothing is signed with them')
  t.match(await query(two), 'Key-Pair-Id=K1')
  t.equal((await one.app.inject({ url: '/.well-known/jwks.json' })).json<{ keys: unknown[] }>().keys.length, 2)

  put({ CDN_KEY_PAIR_ID: 'K2', CDN_PRIVATE_KEY: cdn2, CDN_NEXT_KEY_PAIR_ID: 'K1', CDN_NEXT_PRIVATE_KEY: cdn1, JWT_PRIVATE_KEY: jwt2, JWT_PREVIOUS_PUBLIC_KEY: publicPem(jwt1) })
  const during: number[] = []
  const state = { changedOver: false }
  settled().then(() => { state.changedOver = true })
  while (!state.changedOver || during.length < 50) {
    during.push(...await plays([old.query, await query(one), await query(two)]), ...await knows(old.token))
    const { status, cookie, token } = await refresh(Math.random() < 0.5 ? one : two, ada.cookie)
    during.push(status, ...await knows(token))
    Object.assign(ada, { cookie })
  }
  t.same(during.filter((status) => status !== 200), [], `step 2: of ${during.length} plays and calls while the instances changed over none failed`)
  t.match(await query(one), 'Key-Pair-Id=K2')
  t.match(await query(two), 'Key-Pair-Id=K2')
  t.equal(await query(one), await query(two), 'and both instances give out the same addresses again')

  const young = { query: await query(two), token: (await refresh(two, ada.cookie)).token }
  put({ CDN_KEY_PAIR_ID: 'K2', CDN_PRIVATE_KEY: cdn2, JWT_PRIVATE_KEY: jwt2 })
  await settled()
  t.same(await plays([old.query]), [403, 403], 'step 3: the key that was taken away is refused')
  t.same(await knows(old.token), [401, 401])
  t.same(await plays([young.query, await query(one)]), [200, 200, 200, 200])
  t.same(await knows(young.token), [200, 200])
  t.same(faults, [])

  put({ CDN_KEY_PAIR_ID: 'K2', CDN_PRIVATE_KEY: 'cut and pasted badly', JWT_PRIVATE_KEY: jwt2 })
  await settled()
  t.same(await plays([young.query]), [200, 200], 'a key that can’t be read changes nothing')
  t.match(faults[0], /CDN_PRIVATE_KEY is not a private key/, 'and is said')
})

t.test('closing waits for no settings that are being read', { timeout: 30_000 }, async (t) => {
  const config = readConfig({ NODE_ENV: 'test', CDN_PRIVATE_KEY: newSigningKeyPem(), JWT_PRIVATE_KEY: newJwtKeyPem() })
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<typeof config>()
  // The pause between two readings keeps no process; this one does.
  const kept = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(kept))
  const keys = await openKeys(config, { everyMs: 1, reload: () => { asked.resolve(); return answer.promise }, onError: (error) => t.fail(error.message) })
  await asked.promise
  await keys.close()
  answer.reject(new Error('AWS gave no answer'))
  await delay(20)
  t.pass('and what comes of it later is nobody’s business')
})

t.test('who signed in before the token key changed stays signed in', async (t) => {
  const aws = await startAwsDouble(t)
  const [jwt1, jwt2] = [newJwtKeyPem(), newJwtKeyPem()]
  const rest = { CDN_KEY_PAIR_ID: 'K1', CDN_PRIVATE_KEY: newSigningKeyPem(), CDN_NEXT_KEY_PAIR_ID: '', CDN_NEXT_PRIVATE_KEY: '', JWT_NEXT_PUBLIC_KEY: '', JWT_PREVIOUS_PUBLIC_KEY: '' }
  const put = (keys: object) => { aws.secrets.set('freshet/keys', JSON.stringify({ ...rest, ...keys })) }
  const { instances: [one, two], settled } = await startFleet(t, aws, put, { JWT_PRIVATE_KEY: jwt1 })
  const ada = await one.user('listener')
  put({ JWT_PRIVATE_KEY: jwt2 })
  await settled()
  t.equal((await two.app.inject({ url: '/api/me', headers: ada.bearer })).statusCode, 401, 'the access token is gone with its key')
  const response = await two.app.inject({ method: 'POST', url: '/api/session/refresh', headers: { cookie: ada.cookie } })
  t.equal(response.statusCode, 200, 'the session is not')
})
