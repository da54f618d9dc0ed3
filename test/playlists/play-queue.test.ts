import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { reportDevice } from '../../src/playlists/play-devices.ts'
import { queueOf } from '../../src/playlists/play-queue.ts'
import { applyChange, type Change, emptyDocument, type QueueDocument, type QueueOperation } from '../../src/playlists/queue-operations.ts'
import { testApp, type TestApp, type TestUser } from '../support/app.ts'
import { untilSomeoneWaits } from '../support/lock-wait.ts'
import { until } from '../support/pipeline.ts'

const operationOf = (change: Change): QueueOperation => ({ ...change, id: randomUUID() })
const entriesOf = (keys: string) => keys.split('').map((key) => ({ key, trackId: randomUUID() }))
const insert = (keys: string, after: string): QueueOperation => operationOf({ kind: 'insert', after, entries: entriesOf(keys) })
const keysOf = ({ entries }: QueueDocument) => entries.map(({ key }) => key).join('')

/** A small generator of numbers, so that a failure can be played again: mulberry32, by Tommy Ettinger (public domain). */
function numbersFrom (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A browser that works on its own copy and meets the server now and then. */
class Device {
  readonly #app: TestApp
  readonly #user: TestUser
  readonly #name: string
  readonly #next: () => number
  #made = 0
  #version = -1
  #base = emptyDocument
  pending: QueueOperation[] = []
  readonly added = new Set<string>()
  readonly removed = new Set<string>()

  constructor (app: TestApp, user: TestUser, { name, next }: { readonly name: string, readonly next: () => number }) {
    this.#app = app
    this.#user = user
    this.#name = name
    this.#next = next
  }

  get view (): QueueDocument {
    return this.pending.reduce<QueueDocument>(applyChange, this.#base)
  }

  #any (): string {
    const { entries } = this.view
    return entries[Math.floor(this.#next() * entries.length)]?.key ?? 'end'
  }

  act (): void {
    const what = this.#next()
    const key = this.#any()
    if (what < 0.45 || this.view.entries.length === 0) {
      const made = `${this.#name}${this.#made++}`
      this.added.add(made)
      this.pending.push(operationOf({ kind: 'insert', after: what < 0.2 ? 'end' : key, entries: [{ key: made, trackId: randomUUID() }] }))
    } else if (what < 0.55) {
      this.removed.add(key)
      this.pending.push(operationOf({ kind: 'remove', keys: [key] }))
    } else if (what < 0.75) this.pending.push(operationOf({ kind: 'move', key, after: this.#any() }))
    else if (what < 0.85) this.pending.push(operationOf({ kind: 'current', key }))
    else if (what < 0.92) this.pending.push(operationOf({ kind: 'shuffle', seed: 1, keys: this.view.entries.map((entry) => entry.key).toSorted(() => this.#next() - 0.5) }))
    else this.pending.push(operationOf({ kind: 'unshuffle' }))
  }

  async send (): Promise<void> {
    if (this.pending.length === 0) return
    const again = this.#next() < 0.3
    for (let i = 0; i < (again ? 2 : 1); i++) {
      const { status } = await this.#app.as(this.#user, { method: 'POST', url: '/api/queue/operations', payload: { operations: this.pending } })
      if (status !== 200) throw new Error(`the server answered ${status}`)
    }
  }

  async meet (): Promise<void> {
    const { body } = await this.#app.as(this.#user, { method: 'GET', url: `/api/queue?after=${this.#version}` })
    const { version, operations, document } = body as { version: number, operations: QueueOperation[] | null, document: QueueDocument | null }
    this.#base = operations === null ? document ?? emptyDocument : operations.reduce<QueueDocument>(applyChange, this.#base)
    this.#version = version
    this.pending = []
  }
}

t.test('what two devices do at once both holds', async (t) => {
  const abc = applyChange({ ...emptyDocument }, insert('abc', 'end'))
  const both = (one: Change, two: Change) => {
    const results = [[one, two], [two, one]].map((order) => order.reduce<QueueDocument>(applyChange, { ...abc, current: 'b' }))
    return results.map(keysOf)
  }
  t.same(both(insert('x', 'end'), insert('y', 'end')), ['abcxy', 'abcyx'], 'both added: both there')
  t.same(both({ kind: 'remove', keys: ['c'] }, { kind: 'move', key: 'c', after: 'start' }), ['ab', 'ab'], 'one removes what the other moves: removed')
  t.same(both({ kind: 'remove', keys: ['a'] }, insert('x', 'a')), ['bxc', 'xbc'], 'what was put behind something removed is still there')
  t.same(both({ kind: 'shuffle', seed: 1, keys: ['c', 'b', 'a'] }, insert('x', 'b')), ['cbxa', 'cbxa'], 'what is put next stays next through a shuffle')
  t.same(both({ kind: 'replace', entries: [{ key: 'n', trackId: randomUUID(), ordinal: 0 }], current: 'n', seed: null }, insert('x', 'end')), ['nx', 'n'], 'a new queue keeps what comes after it')
  const twice = entriesOf('nn').map((entry) => ({ ...entry, ordinal: 0 }))
  t.same([insert('xxa', 'end'), { kind: 'replace', entries: twice, current: 'n', seed: null } as const].map((change) => keysOf(applyChange(abc, change))), ['abcx', 'n'], 'no key is there twice')
  const removed = applyChange({ ...abc, current: 'b' }, { kind: 'remove', keys: ['b', 'c'] })
  t.same([keysOf(removed), removed.current], ['a', 'a'])
  const shuffled = applyChange(abc, { kind: 'shuffle', seed: 9, keys: ['c', 'a', 'b'] })
  t.equal(keysOf(applyChange(applyChange(shuffled, insert('x', 'a')), { kind: 'unshuffle' })), 'axbc', 'back in order, the newcomer behind its neighbour')
})

t.test('random interleavings of two devices come out the same, and nothing is lost', async (t) => {
  const app = await testApp(t)
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
  t.comment(`SEED=${seed}`)
  const next = numbersFrom(seed)
  for (let run = 0; run < 6; run++) await interleave(t, { app, next, seed })
})

async function interleave (t: Test, { app, next, seed }: { readonly app: TestApp, readonly next: () => number, readonly seed: number }): Promise<void> {
  const user = await app.user('listener')
  const devices = [new Device(app, user, { name: 'a', next }), new Device(app, user, { name: 'b', next })]
  for (let step = 0; step < 12; step++) {
    for (const device of devices) for (let i = Math.floor(next() * 4); i > 0; i--) device.act()
    // Sometimes at the same moment, sometimes one of them is off-line.
    await Promise.all(devices.map(async (device) => {
      if (next() < 0.3) return
      await device.send()
      await device.meet()
    }))
  }
  for (const device of devices) await device.send()
  for (const device of devices) await device.meet()
  const [one, two] = devices.map(({ view }) => view)
  t.same(one, two, `both show the same (SEED=${seed})`)
  const { document } = await queueOf(app.db, user.userId)
  t.same(one, document, 'which is what the server has')
  const removed = new Set(devices.flatMap((device) => [...device.removed]))
  const expected = devices.flatMap((device) => [...device.added]).filter((key) => !removed.has(key))
  t.same(one?.entries.map(({ key }) => key).toSorted(), expected.toSorted(), 'with everything that was added and not removed')
}

t.test('a queue is private, and has limits', async (t) => {
  const { as, user, db } = await testApp(t)
  const [ada, bob, admin] = [await user('listener'), await user('listener'), await user('admin')]
  const send = (caller: TestUser | null, ...operations: object[]) => as(caller, { method: 'POST', url: '/api/queue/operations', payload: { operations } })
  t.match(await as(ada, { url: '/api/queue' }), { status: 200, body: { version: 0, operations: null, document: { entries: [], current: null } } })
  const first = insert('abc', 'end')
  t.match(await send(ada, first), { status: 200, body: { before: 0, version: 1 } })
  t.match(await send(ada, first), { status: 200, body: { before: 1, version: 1 } }, 'sent twice it is done once')
  for (const other of [bob, admin]) t.match(await as(other, { url: '/api/queue' }), { body: { version: 0, document: { entries: [] } } }, 'nobody else reads it')
  t.match(await as(ada, { url: '/api/queue?after=1' }), { body: { version: 1, operations: [], document: null } })
  t.match(await as(ada, { url: '/api/queue?after=7' }), { body: { operations: null, document: { current: 'a' } } }, 'a version from elsewhere is answered with the whole queue')
  t.match(await send(ada, { id: randomUUID(), kind: 'insert', after: 'end', entries: [{ key: 'a b', trackId: randomUUID() }] }), { status: 400 })
  t.match(await send(ada, { id: randomUUID(), kind: 'explode' }), { status: 400 })
  t.match(await send(ada, { id: randomUUID(), kind: 'insert', after: 'end', entries: [{ key: 'z', trackId: randomUUID(), from: { kind: 'search', id: '', name: 'half \ud800' } }] }), { status: 400 }, 'half a character is refused, not a fault')
  t.equal((await send(null, first)).status, 401)

  const many = (from: number, count: number) => ({ id: randomUUID(), kind: 'insert', after: 'end', entries: Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, trackId: randomUUID() })) })
  for (let from = 3; from < 10_000; from += 2_000) t.equal((await send(ada, many(from, Math.min(2_000, 10_000 - from)))).status, 200)
  t.match(await send(ada, many(20_000, 1)), { status: 409, body: { error: { code: 'QUEUE_FULL' } } })
  const before = performance.now()
  t.equal((await send(ada, { id: randomUUID(), kind: 'current', key: 'k5000' })).status, 200)
  t.comment(`a skip in 10,000 entries took ${Math.round(performance.now() - before)} ms`)
  t.match(await as(ada, { url: '/api/queue?after=2' }), { body: { operations: null } }, 'large operations aren’t kept: who missed them reads the queue')
  t.equal((await queueOf(db, ada.userId)).document.entries.length, 10_000)
})

t.test('one browser plays, and another takes over at its place', async (t) => {
  const { app, as, user, clock, db } = await testApp(t)
  const ada = await user('listener')
  const bob = await user('listener')
  const signIn = await app.inject({ method: 'POST', url: '/api/session', headers: { 'user-agent': 'Firefox on Linux' }, payload: { username: ada.username, password: 'a long enough password' } })
  const elsewhere: TestUser = { ...ada, bearer: { authorization: `Bearer ${signIn.json<{ accessToken: string }>().accessToken}` } }
  const report = (caller: TestUser, payload: object) => as(caller, { method: 'PUT', url: '/api/devices/this', payload })
  const devices = async (caller: TestUser) => (await as(caller, { url: '/api/devices' })).body as { items: Array<{ id: string, here: boolean, plays: boolean, userAgent: string }>, place: { key: string | null, positionMs: number, playing: boolean } }

  t.equal((await report(ada, { playing: true, key: 'a', positionMs: 60_000, claim: true })).status, 204)
  t.equal((await report(elsewhere, { playing: false, key: null, positionMs: 0, claim: false })).status, 204)
  clock.now = new Date(clock.now.getTime() + 4_000)
  const seen = await devices(elsewhere)
  t.match(seen.items, [{ here: true, plays: false, userAgent: 'Firefox on Linux' }, { here: false, plays: true }])
  t.match(seen.place, { key: 'a', positionMs: 64_000, playing: true }, 'the place goes on with the music')
  t.match(await as(elsewhere, { method: 'POST', url: '/api/devices/this/take-over' }), { status: 200, body: { key: 'a', positionMs: 64_000 } })
  await report(ada, { playing: false, key: 'a', positionMs: 1, claim: false })
  t.match((await devices(ada)).place, { positionMs: 64_000, playing: true }, 'what the one that lost it says no longer counts')
  clock.now = new Date(clock.now.getTime() + 60_000)
  t.match((await devices(ada)).place, { positionMs: 64_000, playing: false }, 'one that died left its last place')

  // The report reads that it is the one, and finds when it writes that another has claimed it.
  const id = seen.items.find(({ here }) => here)?.id ?? ''
  await report(ada, { playing: true, key: 'a', positionMs: 5, claim: true })
  const claiming = await db.pool.connect()
  await claiming.query('BEGIN')
  await claiming.query('UPDATE play_queue SET session_id = $2 WHERE user_id = $1', [ada.userId, id])
  const late = report(ada, { playing: true, key: 'a', positionMs: 9, claim: false })
  await untilSomeoneWaits(db)
  await claiming.query('COMMIT')
  claiming.release()
  t.equal((await late).status, 204)
  t.match((await devices(elsewhere)).items, [{ id, plays: true }, { plays: false }])

  t.equal((await as(ada, { method: 'POST', url: `/api/devices/${id}/command`, payload: { command: 'pause' } })).status, 204)
  t.equal((await as(bob, { method: 'POST', url: `/api/devices/${id}/command`, payload: { command: 'pause' } })).status, 404, 'another’s browser is nobody’s')
  t.same((await devices(bob)).items, [])
  await report(elsewhere, { playing: true, key: 'b', positionMs: 1_000, claim: true })
  clock.now = new Date(clock.now.getTime() + 4_000)
  t.equal((await as(elsewhere, { method: 'DELETE', url: '/api/devices/this' })).status, 204)
  t.match((await devices(ada)).place, { key: 'b', positionMs: 5_000, playing: false }, 'who closes it while it plays leaves the music where it was by then')
  t.equal((await devices(ada)).items.some((device) => device.id === id), false)

  // The request was let in before.
  const endsMeanwhile = () => reportDevice(db, { actor: ada, sessionId: id }, { playing: true, key: 'c', positionMs: 0, claim: true }, clock.now)
  await db.prisma.session.update({ where: { id }, data: { revokedAt: clock.now } })
  await t.rejects(endsMeanwhile(), { code: 'SESSION_ENDED', statusCode: 401 })
  await db.prisma.session.delete({ where: { id } })
  await t.rejects(endsMeanwhile(), { code: 'SESSION_ENDED', statusCode: 401 })
  t.match((await devices(ada)).place, { key: 'b', positionMs: 5_000, playing: false })
})

t.test('of two browsers that play at once one does: both hear the same one last', async (t) => {
  const { app, as, user, db } = await testApp(t)
  const ada = await user('listener')
  const signIn = await app.inject({ method: 'POST', url: '/api/session', payload: { username: ada.username, password: 'a long enough password' } })
  const elsewhere: TestUser = { ...ada, bearer: { authorization: `Bearer ${signIn.json<{ accessToken: string }>().accessToken}` } }
  const listener = await db.pool.connect()
  t.teardown(() => { listener.release(true) })
  const told: unknown[] = []
  listener.on('notification', ({ payload }) => {
    const { data } = JSON.parse(payload ?? '') as { data: { active?: string } }
    if (data.active !== undefined) told.push(data.active)
  })
  await listener.query('LISTEN freshet_event')
  const rounds = 150
  let agreed = 0
  for (let round = 1; round <= rounds; round++) {
    const answers = await Promise.all([ada, elsewhere].map((caller) => as(caller, { method: 'PUT', url: '/api/devices/this', payload: { playing: true, key: String(round), positionMs: 0, claim: true } })))
    t.same(answers.map(({ status }) => status), [204, 204])
    await until(async () => await Promise.resolve(told.length === 2 * round))
    const { place } = (await as(ada, { url: '/api/devices' })).body as { place: { deviceId: string } }
    if (place.deviceId === told.at(-1)) agreed++
  }
  t.equal(new Set(told).size, 2)
  t.equal(agreed, rounds)
})
