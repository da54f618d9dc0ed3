/** Entry of the child process that reads hostile tags and pictures; media-reader.ts starts it. */
import type { ArtworkRequest } from './render-artwork.ts'

export type ChildRequest =
  | { readonly kind: 'tags', readonly path: string, readonly picturePath: string }
  | { readonly kind: 'artwork' } & ArtworkRequest

export type ChildAnswer = { readonly ok: true, readonly value: unknown } | { readonly ok: false, readonly fault: string }

async function answer (request: ChildRequest): Promise<ChildAnswer> {
  try {
    // Imported when first needed: most children never see a picture.
    const value = request.kind === 'tags'
      ? await (await import('./read-tags.ts')).readTags(request.path, request.picturePath)
      : await (await import('./render-artwork.ts')).renderArtwork(request)
    return { ok: true, value }
  } catch (error) {
    // Our paths are nobody's business but ours: curators read this.
    return { ok: false, fault: (error instanceof Error ? error.message : String(error)).replaceAll(request.path, 'the file') }
  }
}

process.on('message', async (request: ChildRequest) => {
  process.send?.(await answer(request))
})
process.send?.('ready')
// The parent is gone: nobody waits for an answer.
process.on('disconnect', () => process.exit(0))
