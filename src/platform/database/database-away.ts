/** What says that Postgres can't be reached just now, or takes nobody; faults of a statement have other codes. */
const awayCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  // Prisma: not reached, timed out, closed, no connection free, no transaction begun or its connection gone.
  'P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037',
  // Postgres: connection failures, too many connections, shutting down, starting up, read only after a failover.
  '08000', '08001', '08003', '08006', '53300', '57P01', '57P02', '57P03', '25006'
])
const awayText = /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Server has closed the connection|DatabaseNotReachable|ConnectionClosed/i

/** Whether an error of ours, of Prisma or of the driver means that the database is away. */
export function isDatabaseAway (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string' && awayCodes.has(code)) return true
  // No socket of Postgres; any other file that is missing is no database.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true
  // Prisma's errors of raw statements have a code of their own and name Postgres's in words.
  const named = /\bCode: `(\w{5})`/.exec(error.message)?.[1]
  return (named !== undefined && awayCodes.has(named)) || awayText.test(error.message) || isDatabaseAway(error.cause)
}
