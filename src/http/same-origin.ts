import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'

export const CrossSiteError = createError('CROSS_SITE', 'another site must not do this for you', 403)

/**
 * For routes that a cookie speaks for, or that set one. Browsers say where a request comes from, in Sec-Fetch-Site or at
 * least in Origin; whoever says neither is no browser, and carries nobody's cookies unknowingly.
 * @throws CrossSiteError
 */
export function requireSameOrigin ({ headers }: FastifyRequest, publicUrl: string): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined) {
    if (site !== 'same-origin') throw new CrossSiteError()
    return
  }
  const { origin } = headers
  if (origin === undefined) return
  if (origin === new URL(publicUrl).origin) return
  if (!URL.canParse(origin) || new URL(origin).host !== headers.host) throw new CrossSiteError()
}
