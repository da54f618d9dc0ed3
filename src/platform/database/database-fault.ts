import createError from '@fastify/error'
import pg from 'pg'

export const DatabaseUnreachableError = createError<[string]>('DATABASE_UNREACHABLE', '%s', 503)

/** Wrong password, no such role, no entry in pg_hba.conf. */
const refusedCodes = ['28P01', '28000']

/** Why the database of the settings can't be used, and which of them to look at. */
export function unreachable (error: unknown): Error {
  const message = messageOf(error)
  if (error instanceof pg.DatabaseError && refusedCodes.includes(error.code ?? '')) return new DatabaseUnreachableError(`DATABASE_URL: the database lets nobody in (${message}); check the user and the password there, or DATABASE_USER and DATABASE_PASSWORD`)
  if (/SSL|TLS|certificate|self-signed/i.test(message)) return new DatabaseUnreachableError(`DATABASE_TLS: no encrypted connection to the database (${message}); check DATABASE_TLS and the host name in DATABASE_URL`)
  return new DatabaseUnreachableError(`DATABASE_URL: the database can't be reached (${message}); check the host and the port, and that Postgres runs`)
}

/** Node gives one that tried several addresses an empty message of its own. */
function messageOf (error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
