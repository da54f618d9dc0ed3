import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createEventStreams } from '../../src/http/event-stream.ts'
import { tell } from '../../src/platform/database/notifications.ts'
import { prometheusMetrics } from '../../src/platform/metrics/prometheus-metrics.ts'
import { routeClassOf } from '../../src/http/route-class.ts'
import { testApp, type TestUser } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { parseEvents, type ServerEvent } from '../../web/app/parse-events.ts'

interface Opened {
  readonly status: number
  readonly response: IncomingMessage
  /** What came so far. */
  readonly events: ServerEvent[]
  /** Resolves with the first event that came or comes for which it is true. */
  until (wanted: (event: ServerEvent) => boolean): Promise<ServerEvent>
  readonly ended: Promise<unknown>
}

async function open (t: Test, url: string, user: TestUser | null): Promise<Opened> {
  const request = get(`${url}/api/events`, { headers: { ...user?.bearer, 'accept-encoding': 'br, gzip' } })
  t.teardown(() => request.destroy())
  request.on('error', () => {})
  const [response] = await once(request, 'response') as [IncomingMessage]
  const events: ServerEvent[] = []
  const parse = parseEvents()
  response.setEncoding('utf8').on('data', (piece: string) => { events.push(...parse(piece)) })
  response.on('error', () => {})
  const until = async (wanted: (event: ServerEvent) => boolean) => {
    for (const deadline = performance.now() + 30_000; performance.now() < deadline; await delay(5)) {
      const found = events.find(wanted)
      if (found !== undefined) return found
    }
    throw new Error(`what was awaited did not come; there came ${JSON.stringify(events)}`)
  }
  return { status: response.statusCode ?? 0, response, events, until, ended: new Promise((resolve) => { response.once('close', resolve) }) }
}

const about = (topic: string) => ({ event }: ServerEvent) => event === topic

/** Two web processes of one service. */
async function twoInstances (t: Test) {
  const db = await testDatabase(t)
  const one = await testApp(t, { db })
  const two = await testApp(t, { db, jwtKeys: one.deps.jwtKeys })
  return { db, one, two, urls: [await one.listen(), await two.listen()] as const }
}

t.test('whoever it concerns is told, whichever process they are connected to', async (t) => {
  const { db, one, urls: [first, second] } = await twoInstances(t)
  const [ada, bob, carl] = [await one.user('listener'), await one.user('listener'), await one.user('curator')]
  const [adas, adasOther, bobs, carls] = [await open(t, first, ada), await open(t, second, ada), await open(t, second, bob), await open(t, first, carl)]
  await Promise.all([adas, adasOther, bobs, carls].map((stream) => stream.until(about('ready'))))

  await tell(db, { to: { userId: ada.userId }, topic: 'queue', data: { version: 7 } })
  t.same((await adas.until(about('queue'))).data, { version: 7 })
  t.same((await adasOther.until(about('queue'))).data, { version: 7 })

  await tell(db, { to: { permission: 'see jobs' }, topic: 'job', data: { id: 'x' } })
  await carls.until(about('job'))
  await tell(db, { to: { permission: 'become a bird' }, topic: 'job', data: { id: 'nobody' } })
  await db.prisma.$transaction(async (tx) => { await tell(tx, { to: { permission: 'listen' }, topic: 'devices', data: { committed: true } }) })
  await Promise.all([adas, bobs, carls].map((stream) => stream.until(about('devices'))))
  t.notOk(bobs.events.some(about('queue')), 'another user hears nothing of it')
  t.notOk([...adas.events, ...bobs.events].some(about('job')), 'nor who lacks the permission')
  t.notOk(carls.events.some(({ data }) => data['id'] === 'nobody'), 'a permission that doesn’t exist is nobody’s')

  await db.prisma.$transaction(async (tx) => {
    await tell(tx, { to: { userId: ada.userId }, topic: 'queue', data: { version: 8 } })
    throw new Error('taken back')
  }).catch(() => {})
  await tell(db, { to: { userId: ada.userId }, topic: 'queue', data: { version: 9 } })
  await adas.until(({ data }) => data['version'] === 9)
  t.notOk(adas.events.some(({ data }) => data['version'] === 8), 'what was taken back was never told')
  await t.rejects(tell(db, { to: { userId: ada.userId }, topic: 'queue', data: { text: 'x'.repeat(8_000) } }), { code: 'EVENT_TOO_LARGE' })
})

t.test('a stream is open, uncompressed and for sessions only', async (t) => {
  const app = await testApp(t)
  const url = await app.listen()
  const ada = await app.user('listener')
  const stream = await open(t, url, ada)
  t.equal(stream.status, 200)
  t.match(stream.response.headers, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
  t.notOk(stream.response.headers['content-encoding'])
  t.equal((await open(t, url, null)).status, 401)
  const { body } = await app.as(ada, { method: 'POST', url: '/api/me/tokens', payload: { name: 'script' } })
  const { token } = body as { token: string }
  t.equal((await open(t, url, { ...ada, bearer: { authorization: `Bearer ${token}` } })).status, 403)

  for (let more = 1; more < 10; more++) t.equal((await open(t, url, ada)).status, 200)
  t.equal((await open(t, url, ada)).status, 429, 'the eleventh of one user is refused')
  t.equal((await open(t, url, await app.user('listener'))).status, 200, 'not another user’s first')
  stream.response.destroy()
  // The server sees the end a moment after who hung up.
  let again = await open(t, url, ada)
  for (const deadline = performance.now() + 30_000; again.status === 429 && performance.now() < deadline; again = await open(t, url, ada)) await delay(20)
  t.equal(again.status, 200, 'and one that has ended makes room')
})

t.test('who may no longer listen hears no more', async (t) => {
  const { db, one, two, urls: [first, second] } = await twoInstances(t)
  const [admin, ada, bob, carl] = [await one.user('admin'), await one.user('listener'), await one.user('listener'), await one.user('curator')]
  const streams = [await open(t, second, ada), await open(t, second, bob), await open(t, second, carl), await open(t, second, admin)] as const
  const [adas, bobs, carls, admins] = streams
  await Promise.all(streams.map((stream) => stream.until(about('ready'))))
  t.equal((await one.as(admin, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { disabled: true } })).status, 200)
  await adas.ended
  t.pass('of an account that was disabled')
  t.equal((await one.app.inject({ method: 'DELETE', url: '/api/session', headers: { ...bob.bearer, cookie: bob.cookie } })).statusCode, 204)
  await bobs.ended
  t.pass('of a session that was ended')
  t.equal((await one.as(admin, { method: 'PATCH', url: `/api/users/${carl.userId}`, payload: { role: 'listener' } })).status, 200)
  await carls.ended
  t.pass('of a role that was taken away')
  t.notOk(admins.response.closed)

  await db.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN freshet_event' AND datname = current_database()")
  await admins.until(about('resync'))
  t.pass('a process that heard nothing for a moment says so')
  await tell(db, { to: { userId: admin.userId }, topic: 'queue', data: { version: 1 } })
  await admins.until(about('queue'))

  const other = await open(t, first, admin)
  await other.until(about('ready'))
  const closed = performance.now()
  await two.app.close()
  await admins.ended
  t.ok(admins.response.complete, 'a server that closes ends its streams in good order')
  t.ok(performance.now() - closed < 10_000, 'and waits for nobody')
  t.notOk(other.response.closed)
})

t.test('a slow reader is cut off, a silent line is kept open, and time passes', async (t) => {
  const expiresAt = new Date(Date.now() + 60_000)
  const state = { userId: 'ada', username: 'ada', role: 'listener', epoch: 1, expiresAt } as const
  let current: typeof state | null = state
  const streams = createEventStreams({ states: { session: async () => current }, now: () => new Date(), onError: (error) => t.fail(String(error)), heartbeatMs: 20 })
  t.teardown(() => streams.close())
  streams.start()
  const slow = streams.open('s1', state)
  const quick = streams.open('s2', state)
  let heard = ''
  quick.on('data', (piece: Buffer) => { heard += piece.toString() })
  for (let i = 0; i < 200; i++) {
    streams.tell({ to: { userId: 'ada' }, topic: 'queue', data: { version: i, text: 'x'.repeat(1_000) } })
    await delay(0)
  }
  await delay(100)
  t.ok(slow.destroyed, 'who doesn’t read is cut off instead of being kept in memory')
  t.notOk(quick.destroyed)
  t.ok(heard.includes('"version":199'))
  t.ok(heard.includes('\n: \n'), 'and a heartbeat comes')
  current = null
  streams.recheck('ada')
  await once(quick, 'end')
  t.equal(routeClassOf('/api/events'), null)
})

t.test('streams aren’t slow requests', async (t) => {
  const metrics = prometheusMetrics({ queueCounts: async () => ({ waiting: 0, inFlight: 0, dead: 0, oldestSeconds: null }), readings: async () => ({ eventLoopDelayMs: 0, cpuPercent: 0, memoryPercent: 0, diskPercent: 0 }) })
  metrics.requestAnswered({ method: 'GET', route: '/api/events', routeClass: null, status: 200, seconds: 900, shed: false })
  t.notMatch(await metrics.text(), 'freshet_http_request_seconds_count{route="/api/events"}')
})
