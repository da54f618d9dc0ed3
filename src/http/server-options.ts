import { randomUUID } from 'node:crypto'
import { type FastifyBaseLogger, type FastifyHttpOptions, LogController, type RawServerDefault } from 'fastify'
import type { Config } from '../config.ts'
import { answerUnreadable } from './error-handler.ts'

/** How much one server takes on; a test may tighten it. */
export interface ServerLimits {
  readonly headersTimeoutMs: number
  /** For a body, from the end of its headers. */
  readonly bodyTimeoutMs: number
  /** How long a refusal waits for the rest of the body it refuses; below `bodyTimeoutMs`, which ends everything. */
  readonly lingerMs: number
  /** 0: no limit. */
  readonly eventLoopDelayMs: number
  /** Statements that wait for a connection; 0: no limit. */
  readonly databaseQueue: number
}

export const serverLimits: ServerLimits = { headersTimeoutMs: 10_000, bodyTimeoutMs: 15_000, lingerMs: 10_000, eventLoopDelayMs: 100, databaseQueue: 20 }

/** JSON only; music goes to the object store. */
const bodyLimitBytes = 262_144
/** Above the 60 s after which load balancers drop idle connections: the side that reuses must close first. */
const keepAliveTimeoutMs = 72_000
const connectionsCheckingIntervalMs = 5_000

export function serverOptions (config: Config, log: FastifyBaseLogger, limits: ServerLimits) {
  return {
    loggerInstance: log,
    // One line a request is ours to write, without query strings.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.http.trustProxy.length === 0 ? false : [...config.http.trustProxy],
    genReqId: () => randomUUID(),
    bodyLimit: bodyLimitBytes,
    // Node has one limit for all requests, and uploads take as long as they take: see body-timeout.ts.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: Math.min(connectionsCheckingIntervalMs, limits.headersTimeoutMs) },
    // While it closes, what is under way and what comes on open connections is still answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    frameworkErrors: answerUnreadable,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error'
  } as const satisfies FastifyHttpOptions<RawServerDefault>
}
