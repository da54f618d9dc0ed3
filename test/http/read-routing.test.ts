import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import t from 'tap'
import { tellWrites } from '../../src/http/read-routing.ts'
import { openDatabase } from '../../src/platform/database/database.ts'
import { parsePosition, unreachablePosition } from '../../src/platform/database/written-position.ts'
import { testApp } from '../support/app.ts'

t.test('an answer to what has written says how far the database had got', async (t) => {
  const app = await testApp(t, { env: { PUBLIC_URL: 'https://music.example.org' } })
  const ada = await app.user('curator')
  const ask = (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object) =>
    app.app.inject({ method, url: `/api${url}`, headers: ada.bearer, ...payload !== undefined && { payload } })

  const made = await ask('POST', '/playlists', { name: 'First' })
  const written = parsePosition(String(made.headers['x-freshet-written']))
  const { rows: [row] } = await app.db.pool.query<{ lsn: string }>("SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS lsn")
  t.ok(written !== undefined && written.lsn <= BigInt(row?.lsn ?? 0))
  t.match([made.headers['set-cookie']].flat(), [/^__Host-freshet_written=[0-9a-f-]{42}; Path=\/; HttpOnly; Secure; SameSite=Strict$/])
  t.equal(made.cookies[0]?.value, made.headers['x-freshet-written'])

  t.equal((await ask('GET', '/playlists')).headers['x-freshet-written'], undefined, 'not of what only read')
  t.equal((await ask('POST', '/playlists', {})).headers['x-freshet-written'], undefined, 'nor of what was refused')
  t.ok((await ask('GET', '/uploads')).headers['x-freshet-written'], 'but of what shows a worker’s writes')
})

t.test('a position that cannot be read is told as one that no replica reaches', async (t) => {
  const db = openDatabase('postgres://nobody@127.0.0.1:1/none', { poolSize: 2, onError: () => {} })
  t.teardown(() => db.close())
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(cookie)
  tellWrites(app, { db, publicUrl: 'http://localhost:3000' })
  app.post('/', async (_request, reply) => reply.code(204).send())
  const { statusCode, headers } = await app.inject({ method: 'POST', url: '/' })
  t.match({ statusCode, written: headers['x-freshet-written'] }, { statusCode: 204, written: unreachablePosition })
})
