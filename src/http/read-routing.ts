import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Database, Reader } from '../platform/database/database.ts'
import type { ReadReplica } from '../platform/database/read-replica.ts'
import { createWriterPosition, parsePosition, type Position, positionText, unreachablePosition } from '../platform/database/written-position.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A GET that shows what a worker did for the caller: who has seen it must find it everywhere. */
    showsWrites?: boolean
  }
}

/** Runs what a request reads on a server that shows all that its caller wrote. It may run twice, so it must only read. */
export type RoutedRead = <T>(request: FastifyRequest, work: (reader: Reader) => Promise<T>) => Promise<T>

interface Written {
  readonly db: Database
  readonly publicUrl: string
}

/** For clients without cookies, and for pages that keep the latest of several answers themselves. */
const header = 'x-freshet-written'
const readOnlyMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Without a replica everything is read from the writer. */
export function routeReads ({ db, publicUrl }: Written, replica: ReadReplica | undefined): RoutedRead {
  if (replica === undefined) return (_request, work) => work(db)
  const name = cookieOf(publicUrl).name
  return (request, work) => replica.read(writtenBy(request, name), work)
}

/**
 * Tells, with each answer to a request that may have written, where the database was after it. The cookie lasts as long
 * as the browser runs and a refreshed session sets it anew: who brings none is given the writer.
 */
export function tellWrites (app: FastifyInstance, { db, publicUrl }: Written): void {
  const writerPosition = createWriterPosition(db)
  const cookie = cookieOf(publicUrl)
  const position = async (request: FastifyRequest) => {
    try {
      return positionText(await writerPosition())
    } catch (err) {
      // The write is done, and must not look as if it had failed.
      request.log.warn({ err }, 'could not read how far the database has got')
      return unreachablePosition
    }
  }
  app.addHook('onSend', async (request, reply) => {
    if (!mayHaveWritten(request, reply)) return
    const written = await position(request)
    reply.header(header, written)
    // As a header: the plugin has written its cookies by now.
    reply.header('set-cookie', app.serializeCookie(cookie.name, written, cookie.options))
  })
}

function mayHaveWritten ({ method, routeOptions }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return statusCode < 400 && (!readOnlyMethods.has(method) || routeOptions.config.showsWrites === true)
}

/** The later of what header and cookie say; undefined where there is none, or one that isn't ours. */
function writtenBy ({ headers, cookies }: FastifyRequest, cookieName: string): Position | undefined {
  const texts = [headers[header], cookies[cookieName]].filter((text) => text !== undefined)
  const positions = texts.map((text) => typeof text === 'string' ? parsePosition(text) : undefined)
  return positions.length === 0 ? undefined : positions.reduce((a, b) => a === undefined || b === undefined || a.cluster !== b.cluster ? undefined : later(a, b))
}

function later (a: Position, b: Position): Position {
  return a.timeline > b.timeline || (a.timeline === b.timeline && a.lsn > b.lsn) ? a : b
}

/** `__Host-` as for the refresh cookie: no other host can plant one. */
function cookieOf (publicUrl: string) {
  const secure = publicUrl.startsWith('https://')
  return {
    name: secure ? '__Host-freshet_written' : 'freshet_written',
    options: { httpOnly: true, sameSite: 'strict', secure, path: '/' }
  } as const
}
