import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accessForAll } from './access.ts'
import { compressAnswers } from './compression.ts'
import { notFound, sendAnswer } from './error-handler.ts'
import { answerEvenUnderPressure } from './overload.ts'
import { notFoundLimit } from './rate-limit.ts'
import { webManifest } from './web-manifest.ts'

export interface WebClientDeps {
  /** Folder of the built client; without it only the API answers. */
  readonly webRoot: string | undefined
  readonly requestsPerMinute: number
  readonly organisation: string
}

/** The build puts the hash of its content into the name of every file here. */
const hashedPath = /[/\\]assets[/\\]/
/** Addresses that are the server's: nothing there is a page of the client. */
const serverPath = /^\/(api|media|store|originals)(\/|$)/

/** The files of the client, and its page for every address of its own that a browser opens or reloads. */
export async function webClient (app: FastifyInstance, { webRoot, requestsPerMinute, organisation }: WebClientDeps): Promise<void> {
  if (webRoot !== undefined) {
    await app.register(async (scope) => {
      accessForAll(scope, 'public')
      // Cheap, and a page with a file missing doesn't open at all.
      answerEvenUnderPressure(scope)
      await compressAnswers(scope)
      webManifest(scope, organisation)
      await scope.register(fastifyStatic, {
        root: webRoot,
        cacheControl: false,
        setHeaders (response, path) {
          response.header('cache-control', hashedPath.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache')
        }
      })
    })
  }
  app.setNotFoundHandler(notFoundLimit(app, requestsPerMinute), (request, reply) => answerUnknown(request, reply, webRoot))
}

function answerUnknown (request: FastifyRequest, reply: FastifyReply, webRoot: string | undefined): FastifyReply {
  if (webRoot === undefined || !isNavigation(request)) return sendAnswer(reply, notFound())
  return reply.code(200).header('cache-control', 'no-cache').sendFile('index.html', webRoot, { cacheControl: false })
}

/** What a browser asks for when somebody opens an address. */
function isNavigation ({ method, url, headers }: FastifyRequest): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || serverPath.test(url.split('?', 1)[0] ?? '')) return false
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? /\btext\/html\b/.test(headers.accept ?? '') : mode === 'navigate'
}
