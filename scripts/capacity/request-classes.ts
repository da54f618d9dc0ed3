import { randomUUID } from 'node:crypto'
import { inventQueries } from '../../test/support/synthetic-catalogue.ts'
import type { HttpAnswer, HttpRequest } from './http-client.ts'
import type { RouteClass } from './measured-costs.ts'
import { type SyntheticRows, syntheticPassword } from './synthetic-rows.ts'

/** One of those who ask at the same time; each is another person. */
export interface Visitor {
  readonly username: string
  accessToken: string
  cookie: string
}

/** The n-th request of a class by a visitor, and what the visitor keeps of the answer. */
export interface RequestClass {
  readonly name: RouteClass
  request(visitor: Visitor, n: number): HttpRequest
  answered?(visitor: Visitor, answer: HttpAnswer): void
}

/** What `npm run bench:requests` asks for, class by class, as the web client would. */
export function requestClasses (rows: SyntheticRows): RequestClass[] {
  const queries = inventQueries(rows.documents, 50)
  const at = <T> (list: readonly T[], n: number): T => {
    const item = list[(n * 7_919) % list.length]
    if (item === undefined) throw new Error('the synthetic catalogue is empty')
    return item
  }
  const get = (name: RouteClass, path: (n: number) => string): RequestClass =>
    ({ name, request: (visitor, n) => ({ method: 'GET', path: `/api${path(n)}`, headers: bearer(visitor) }) })
  const post = (name: RouteClass, path: string, body: (n: number) => unknown): RequestClass =>
    ({ name, request: (visitor, n) => ({ method: 'POST', path: `/api${path}`, headers: bearer(visitor), body: body(n) }) })
  const browse = [
    () => '/albums?sort=added&limit=50',
    (n: number) => `/albums/${at(rows.albumIds, n)}`,
    (n: number) => `/artists/${at(rows.artistIds, n)}`,
    () => '/tracks?sort=title&limit=50'
  ]
  return [
    get('home', () => '/home'),
    get('browse', (n) => at(browse, n)(n)),
    get('search', (n) => `/search?q=${encodeURIComponent(at(queries, n).text)}`),
    get('track-detail', (n) => `/tracks/${at(rows.trackIds, n)}`),
    get('stream', (n) => `/tracks/${at(rows.trackIds, n)}/stream`),
    post('play', '/plays', (n) => ({ id: randomUUID(), trackId: at(rows.trackIds, n), startedAt: new Date().toISOString(), playedMs: 200_000 })),
    {
      name: 'session-refresh',
      request: ({ cookie }) => ({ method: 'POST', path: '/api/session/refresh', headers: { cookie } }),
      answered: keepSession
    },
    {
      name: 'sign-in',
      request: ({ username }) => ({ method: 'POST', path: '/api/session', headers: {}, body: { username, password: syntheticPassword } }),
      answered: keepSession
    },
    post('upload-ticket', '/uploads', (n) => ({ relativePath: `Album/${n} Title.flac`, sizeBytes: 30_000_000, contentType: 'audio/flac', fingerprint: randomUUID() }))
  ]
}

export function keepSession (visitor: Visitor, { body, cookie }: HttpAnswer): void {
  const { accessToken } = JSON.parse(body) as { accessToken: string }
  visitor.accessToken = accessToken
  if (cookie !== undefined) visitor.cookie = cookie
}

const bearer = ({ accessToken }: Visitor) => ({ authorization: `Bearer ${accessToken}` })
