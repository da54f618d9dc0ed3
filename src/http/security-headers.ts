import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'

const yearSeconds = 31_536_000
/** Nothing of these does a music player need. */
const permissions = ['accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope', 'magnetometer', 'microphone', 'midi', 'payment', 'usb']
  .map((feature) => `${feature}=()`).join(', ')

/** On every answer, error or not. */
export async function securityHeaders (app: FastifyInstance, config: Config): Promise<void> {
  const secure = config.http.publicUrl.startsWith('https://')
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { ...contentSecurityPolicy(config), ...(secure ? { upgradeInsecureRequests: [] } : {}) } },
    strictTransportSecurity: secure ? { maxAge: yearSeconds, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
    crossOriginOpenerPolicy: { policy: 'same-origin' }
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.header('permissions-policy', permissions)
    // What the API says is for the one who asked, now.
    // By the route: the address may be written in other ways (/%61pi/…).
    if (request.routeOptions.url?.startsWith('/api/') === true || request.url.startsWith('/api/')) reply.header('cache-control', 'private, no-store')
  })
}

/** Scripts and styles from here only, none inline. Media and uploads may live at other origins. */
function contentSecurityPolicy (config: Config): Record<string, string[]> {
  const media = new URL(config.cdn.mediaUrl).origin
  const uploads = uploadOrigin(config)
  return {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'blob:', 'data:', media],
    mediaSrc: ["'self'", 'blob:', media],
    connectSrc: ["'self'", media, ...(uploads === undefined ? [] : [uploads])],
    fontSrc: ["'self'"],
    workerSrc: ["'self'", 'blob:'],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"]
  }
}

/** Where presigned upload addresses lead. */
function uploadOrigin ({ storage, http }: Config): string | undefined {
  if (storage.kind === 'disk') return new URL(http.publicUrl).origin
  const { bucket, region, endpoint, forcePathStyle } = storage
  const server = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  return forcePathStyle ? server.origin : `${server.protocol}//${bucket}.${server.host}`
}
