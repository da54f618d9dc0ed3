import type { FastifyInstance } from 'fastify'

/** JSON is the only body there is. An empty one is no body: clients announce JSON with a bare POST or DELETE too. */
export function jsonBodies (app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parse(request, String(body), done)
  })
}
