import cookie from '@fastify/cookie'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Role } from './accounts/actor.ts'
import { createAccountStates } from './accounts/account-states.ts'
import { createRefreshTokens } from './accounts/refresh-tokens.ts'
import { accountRoutes } from './accounts/routes.ts'
import { createSignInLimits } from './accounts/sign-in-limits.ts'
import { catalogRoutes } from './catalog/routes.ts'
import type { Config } from './config.ts'
import { editingRoutes } from './editing/routes.ts'
import { healthSeriesRoutes } from './health/routes.ts'
import { guardRoutes } from './http/access.ts'
import { accessTokens } from './http/access-tokens.ts'
import { createAuthenticate } from './http/auth.ts'
import { limitBodyTime, pacesBodies } from './http/body-timeout.ts'
import { endConnectionsWhenClosing } from './http/closing.ts'
import { compressAnswers } from './http/compression.ts'
import { answerErrors } from './http/error-handler.ts'
import { eventRoutes } from './http/event-routes.ts'
import { healthRoutes } from './http/health.ts'
import { jsonBodies } from './http/json-bodies.ts'
import { jwksRoutes } from './http/jwks.ts'
import { lingerOverBodies } from './http/lingering-close.ts'
import { measureRequests, metricsRoutes } from './http/metrics.ts'
import { collectOpenapi, openapiRoutes } from './http/openapi.ts'
import { answerEvenUnderPressure, shedOverload } from './http/overload.ts'
import { limitFloods, limitStrangers } from './http/rate-limit.ts'
import { type RoutedRead, routeReads, tellWrites } from './http/read-routing.ts'
import { createRequestCounts } from './http/request-counts.ts'
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
import type { ReadReplica } from './platform/database/read-replica.ts'
import type { ProcessMetrics } from './platform/metrics/process-metrics.ts'
import type { JwtKeys } from './platform/jwt-keys.ts'
import type { JobQueue } from './platform/queue/job-queue.ts'
import { DiskObjectStore } from './platform/storage/disk-object-store.ts'
import { diskStoreEndpoint } from './platform/storage/disk-store-endpoint.ts'
import type { ObjectStore } from './platform/storage/object-store.ts'
import { findPlaylists } from './playlists/playlists.ts'
import { queueRoutes } from './playlists/queue-routes.ts'
import { playlistsRoutes } from './playlists/routes.ts'
import { jobRoutes } from './processing/routes.ts'
import { songRequestRoutes } from './requests/routes.ts'
import { sharedRoutes, sharePages } from './sharing/public-routes.ts'
import { sharingRoutes } from './sharing/routes.ts'
import { permissionsWhere } from './sharing/share-policy.ts'
import { artworkAccess } from './streaming/artwork-access.ts'
import { streamingRoutes } from './streaming/routes.ts'
import { uploadRoutes } from './uploads/routes.ts'

export interface AppDeps {
  readonly config: Config
  readonly log: FastifyBaseLogger
  readonly db: Database
  /** Answers browsing and searching where it can. */
  readonly replica?: ReadReplica | undefined
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly signer: MediaSigner
  readonly metrics: Pick<ProcessMetrics, 'events' | 'text' | 'contentType'>
  /** Those that sign and check access tokens; they may change meanwhile. */
  readonly jwtKeys: JwtKeys
  /** Makes refresh tokens. */
  readonly refreshSecret: () => string
  readonly now: () => Date
  /** Folder of the built web client. */
  readonly webRoot: string | undefined
  readonly limits?: Partial<ServerLimits>
}

/** The web role. Everything that is registered stands here, in the order in which a request meets it. */
export async function buildApp (deps: AppDeps): Promise<FastifyInstance> {
  const { config, db, log, metrics: { events } } = deps
  const limits = { ...serverLimits, ...deps.limits }
  const { requestsPerMinute } = config.http
  const counts = createRequestCounts({ pool: db.pool, now: deps.now, onError: (err) => log.warn({ err }, 'counts of requests were not shared') })
  const app: FastifyInstance = Fastify(serverOptions(config, log, limits)).withTypeProvider<TypeBoxTypeProvider>()

  answerErrors(app)
  strictValidation(app)
  jsonBodies(app)
  endConnectionsWhenClosing(app)
  logRequests(app)
  measureRequests(app, events)
  await securityHeaders(app, config, await deps.store.uploadOrigin())
  await shedOverload(app, limits, () => db.pool.waitingCount)
  limitStrangers(app, { requestsPerMinute, counts })
  limitBodyTime(app, limits.bodyTimeoutMs)
  lingerOverBodies(app, limits.lingerMs)
  await app.register(cookie)
  await collectOpenapi(app, config)

  const tokens = await accessTokens(app, { keys: deps.jwtKeys, issuer: config.http.publicUrl })
  const states = createAccountStates(db, (err) => log.warn({ err }, 'lost the connection that tells of changed accounts'))
  app.addHook('onReady', states.start)
  app.addHook('onClose', states.stop)
  guardRoutes(app, createAuthenticate({ db, tokens, states, appLimits: createSignInLimits(db, 'app-'), now: deps.now }))

  // Before the flood limit, which is for JSON: a player asks for many pieces.
  await app.register((scope) => mediaRoutes(scope, deps))
  await limitFloods(app, { requestsPerMinute, counts })
  await app.register(healthRoutes, deps)
  await app.register(jwksRoutes, { keys: deps.jwtKeys })
  await app.register(metricsRoutes, deps)
  const written = { db, publicUrl: config.http.publicUrl }
  const read = routeReads(written, deps.replica)
  await app.register(async (api) => {
    // An embedded database has no replica, here or elsewhere.
    if (config.database.kind === 'url') tellWrites(api, written)
    await api.register(accountRoutes, { ...accountsDeps(deps), accessTokens: tokens })
    if (!takesUploadsOnly(config)) await api.register(eventRoutes, { db, states, now: deps.now })
    await api.register((scope) => compressedRoutes(scope, deps, read))
  }, { prefix: '/api' })
  if (!takesUploadsOnly(config)) await linkRoutes(app, deps)
  await webClient(app, { webRoot: takesUploadsOnly(config) ? undefined : deps.webRoot, requestsPerMinute, organisation: config.organisation })
  return app
}

/** Uploads can have machines of their own, so that a curator with an archive is nobody's slow evening. */
function takesUploadsOnly ({ role }: Config): boolean {
  return role === 'upload'
}

/** Not the accounts' routes: the length of a compressed answer may tell of a token in it. */
async function compressedRoutes (scope: FastifyInstance, deps: AppDeps, read: RoutedRead): Promise<void> {
  const { config, db, metrics: { events } } = deps
  await compressAnswers(scope)
  await scope.register(uploadRoutes, { ...deps, maxBytes: config.uploads.maxBytes, demoDir })
  if (takesUploadsOnly(config)) return
  await scope.register(openapiRoutes)
  await scope.register(catalogRoutes, { read, findPlaylists: (reader, ...wanted) => findPlaylists({ db, reader }, ...wanted) })
  await scope.register(playlistsRoutes, deps)
  await scope.register(queueRoutes, deps)
  await scope.register(streamingRoutes, { ...deps, onPlayError: events.playFailed, onPlayStarted: events.playStarted, onSoundStarted: events.soundStarted, onSoundStalled: events.soundStalled })
  await scope.register(jobRoutes, deps)
  await scope.register(editingRoutes, deps)
  await scope.register(healthSeriesRoutes, deps)
  await scope.register(sharingRoutes, { ...deps, sharing: config.sharing, publicUrl: config.http.publicUrl })
  await scope.register(songRequestRoutes, deps)
}

/** For people with a link and no account; outside the scope that sets cookies. */
async function linkRoutes (app: FastifyInstance, { config, webRoot, ...deps }: AppDeps): Promise<void> {
  const shared = { ...deps, sharing: config.sharing, organisation: config.organisation }
  await app.register(sharedRoutes, { ...shared, prefix: '/api' })
  if (webRoot !== undefined) await app.register(sharePages, { ...shared, webRoot, publicUrl: config.http.publicUrl })
}

/** What S3 and CloudFront do in AWS: uploads to presigned addresses, media from signed ones. */
async function mediaRoutes (scope: FastifyInstance, { config, store, signer, now }: AppDeps): Promise<void> {
  pacesBodies(scope)
  // What is playing goes on: a piece refused is a gap to be heard.
  answerEvenUnderPressure(scope)
  const onDisk = store instanceof DiskObjectStore
  if (onDisk) await scope.register(diskStoreEndpoint, { store })
  // CloudFront fetches from the bucket; what is on this disk nobody else can send, whatever stands before it.
  if ((config.cdn.kind === 'cloudfront' && !onDisk) || takesUploadsOnly(config)) return
  const readObject = onDisk ? readFromDisk(store) : readFromStore(store)
  await scope.register(localEdge, { mediaUrl: config.cdn.mediaUrl, publicKeys: signer.publicKeys, readObject, now })
}

function accountsDeps ({ config, db, now, signer, refreshSecret, metrics }: AppDeps) {
  return {
    db,
    now,
    limits: createSignInLimits(db),
    refreshTokens: createRefreshTokens(refreshSecret),
    publicUrl: config.http.publicUrl,
    organisation: config.organisation,
    permissionsOf: (role: Role) => permissionsWhere(config.sharing, role),
    media: (at: Date) => artworkAccess({ db, signer, mediaUrl: config.cdn.mediaUrl }, at),
    onRefused: metrics.events.signInRefused
  }
}
