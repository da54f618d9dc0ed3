import cookie from '@fastify/cookie'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { createAccountStates } from './accounts/account-states.ts'
import { createRefreshTokens } from './accounts/refresh-tokens.ts'
import { accountRoutes } from './accounts/routes.ts'
import { createSignInLimits } from './accounts/sign-in-limits.ts'
import { catalogRoutes } from './catalog/routes.ts'
import type { Config } from './config.ts'
import { guardRoutes } from './http/access.ts'
import { accessTokens } from './http/access-tokens.ts'
import { createAuthenticate } from './http/auth.ts'
import { limitBodyTime, pacesBodies } from './http/body-timeout.ts'
import { endConnectionsWhenClosing } from './http/closing.ts'
import { compressAnswers } from './http/compression.ts'
import { answerErrors } from './http/error-handler.ts'
import { healthRoutes } from './http/health.ts'
import { jsonBodies } from './http/json-bodies.ts'
import { measureRequests, metricsRoutes } from './http/metrics.ts'
import { collectOpenapi, openapiRoutes } from './http/openapi.ts'
import { answerEvenUnderPressure, shedOverload } from './http/overload.ts'
import { limitFloods } from './http/rate-limit.ts'
import { logRequests } from './http/request-log.ts'
import { securityHeaders } from './http/security-headers.ts'
import { serverLimits, type ServerLimits, serverOptions } from './http/server-options.ts'
import { strictValidation } from './http/validation.ts'
import { webClient } from './http/web-client.ts'
import { demoDir } from './paths.ts'
import type { MediaSigner } from './platform/cdn/cloudfront-signer.ts'
import { localEdge } from './platform/cdn/local-edge.ts'
import { readFromDisk, readFromStore } from './platform/cdn/served-object.ts'
import type { Database } from './platform/database/database.ts'
import { createMetrics, type Metrics } from './platform/metrics/metrics.ts'
import type { JobQueue } from './platform/queue/job-queue.ts'
import { DiskObjectStore } from './platform/storage/disk-object-store.ts'
import { diskStoreEndpoint } from './platform/storage/disk-store-endpoint.ts'
import type { ObjectStore } from './platform/storage/object-store.ts'
import { findPlaylists } from './playlists/playlists.ts'
import { playlistsRoutes } from './playlists/routes.ts'
import { jobRoutes } from './processing/routes.ts'
import { artworkAccess } from './streaming/artwork-access.ts'
import { streamingRoutes } from './streaming/routes.ts'
import { uploadRoutes } from './uploads/routes.ts'

export interface AppDeps {
  readonly config: Config
  readonly log: FastifyBaseLogger
  readonly db: Database
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly signer: MediaSigner
  /** PEM of an Ed25519 key. */
  readonly jwtPrivateKey: string
  readonly now: () => Date
  /** Folder of the built web client. */
  readonly webRoot: string | undefined
  readonly limits?: Partial<ServerLimits>
}

/** The web role. Everything that is registered stands here, in the order in which a request meets it. */
export async function buildApp (deps: AppDeps): Promise<FastifyInstance> {
  const { config, db, log } = deps
  const limits = { ...serverLimits, ...deps.limits }
  const metrics = createMetrics(() => deps.queue.depth())
  const app: FastifyInstance = Fastify(serverOptions(config, log, limits)).withTypeProvider<TypeBoxTypeProvider>()

  answerErrors(app)
  strictValidation(app)
  jsonBodies(app)
  endConnectionsWhenClosing(app)
  logRequests(app)
  measureRequests(app, metrics, { '/api/tracks/:id/stream': metrics.playStarted })
  await securityHeaders(app, config)
  await shedOverload(app, { eventLoopDelayMs: limits.eventLoopDelayMs, onShed: metrics.requestShed })
  limitBodyTime(app, limits.bodyTimeoutMs)
  await app.register(cookie)
  await collectOpenapi(app, config)

  const tokens = await accessTokens(app, { privateKey: deps.jwtPrivateKey, issuer: config.http.publicUrl })
  const states = createAccountStates(db, (err) => log.warn({ err }, 'lost the connection that tells of changed accounts'))
  app.addHook('onReady', states.start)
  app.addHook('onClose', states.stop)
  guardRoutes(app, createAuthenticate({ db, tokens, states, now: deps.now }))

  // Before the flood limit, which is for JSON: a player asks for many pieces.
  await app.register((scope) => mediaRoutes(scope, deps))
  await limitFloods(app, config.http.requestsPerMinute)
  await app.register(healthRoutes, deps)
  await app.register(metricsRoutes, { metrics })
  await app.register(async (api) => {
    await api.register(accountRoutes, { ...accountsDeps(deps, metrics), accessTokens: tokens })
    await api.register((scope) => compressedRoutes(scope, deps))
  }, { prefix: '/api' })
  await webClient(app, { webRoot: deps.webRoot, requestsPerMinute: config.http.requestsPerMinute })
  return app
}

/** Not the accounts' routes: the length of a compressed answer may tell of a token in it. */
async function compressedRoutes (scope: FastifyInstance, deps: AppDeps): Promise<void> {
  const { config, db } = deps
  await compressAnswers(scope)
  await scope.register(openapiRoutes)
  await scope.register(catalogRoutes, { db, findPlaylists: (...wanted) => findPlaylists(db, ...wanted) })
  await scope.register(playlistsRoutes, deps)
  await scope.register(streamingRoutes, deps)
  await scope.register(jobRoutes, deps)
  await scope.register(uploadRoutes, { ...deps, maxBytes: config.uploads.maxBytes, demoDir })
}

/** What S3 and CloudFront do in AWS: uploads to presigned addresses, media from signed ones. */
async function mediaRoutes (scope: FastifyInstance, { config, store, signer, now }: AppDeps): Promise<void> {
  pacesBodies(scope)
  // What is playing goes on: a piece refused is a gap to be heard.
  answerEvenUnderPressure(scope)
  const onDisk = store instanceof DiskObjectStore
  if (onDisk) await scope.register(diskStoreEndpoint, { store })
  if (config.cdn.kind === 'cloudfront') return
  const readObject = onDisk ? readFromDisk(store) : readFromStore(store)
  await scope.register(localEdge, { mediaUrl: config.cdn.mediaUrl, publicKeys: signer.publicKeys, readObject, now })
}

function accountsDeps ({ config, db, now, signer, jwtPrivateKey }: AppDeps, metrics: Metrics) {
  return {
    db,
    now,
    limits: createSignInLimits(db),
    refreshTokens: createRefreshTokens(jwtPrivateKey),
    publicUrl: config.http.publicUrl,
    organisation: config.organisation,
    media: (at: Date) => artworkAccess({ signer, mediaUrl: config.cdn.mediaUrl }, at),
    onRefused: metrics.signInRefused
  }
}
