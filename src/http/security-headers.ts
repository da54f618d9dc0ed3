import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'

const yearSeconds = 31_536_000
/** Nothing of these does a music player need. */
const permissions = ['accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope', 'magnetometer', 'microphone', 'midi', 'payment', 'usb']
  .map((feature) => `${feature}=()`).join(', ')

/** On every answer, error or not. Browsers send the parts of an upload to `uploadOrigin`. */
export async function securityHeaders (app: FastifyInstance, config: Config, uploadOrigin: string): Promise<void> {
  const secure = config.http.publicUrl.startsWith('https://')
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { ...contentSecurityPolicy(config, uploadOrigin), ...(secure ? { upgradeInsecureRequests: [] } : {}) } },
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
function contentSecurityPolicy (config: Config, uploadOrigin: string): Record<string, string[]> {
  const media = new URL(config.cdn.mediaUrl).origin
  return {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'blob:', 'data:', media],
    mediaSrc: ["'self'", 'blob:', media],
    connectSrc: ["'self'", media, uploadOrigin],
    fontSrc: ["'self'"],
    workerSrc: ["'self'", 'blob:'],
    manifestSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"]
  }
}
