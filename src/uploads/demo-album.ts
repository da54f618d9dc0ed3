import { readdir } from 'node:fs/promises'
import createError from '@fastify/error'
import type { FastifyBaseLogger } from 'fastify'
import { type Actor, authorise } from '../accounts/actor.ts'
import { importArchive, type ImportDeps } from './archive-import.ts'

export const DemoAlbumMissingError = createError('DEMO_ALBUM_MISSING', 'the demo album has not been built; run npm run build', 404)

const untold = { ended () {}, other () {}, working () {}, waiting () {} }

/**
 * Sends the demo album in `folder` through the importer and returns its number of tracks at once; what becomes of each is
 * seen on the jobs page. Asked for again, it changes nothing.
 * @throws DemoAlbumMissingError, ForbiddenError
 */
export async function loadDemoAlbum (deps: ImportDeps & { readonly log: FastifyBaseLogger, readonly folder: string }, actor: Actor): Promise<number> {
  authorise(actor, 'upload music')
  const names = await readdir(deps.folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new DemoAlbumMissingError()
    throw error
  })
  importArchive(deps, { root: deps.folder, retryRejected: true, signal: new AbortController().signal, observer: untold })
    .catch((err: unknown) => deps.log.error({ err }, 'the demo album could not be loaded'))
  return names.filter((name) => name.endsWith('.flac')).length
}
