import { cp, mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import type { Test } from 'tap'
import { readFmp4Index } from '../../src/platform/media/fmp4-index.ts'
import { testApp } from './app.ts'
import { seedAlbum } from './catalogue.ts'
import { makeSound } from './media.ts'
import { freePort } from './process.ts'

export const builtClient = join(import.meta.dirname, '../../dist/web')
/** As the client cuts the music it keeps. */
export const pieceBytes = 1_048_576
/** Two pieces each as FLAC. */
const seconds = 12
const flac = ['-c:a', 'flac', '-strict', '-2', '-movflags', '+frag_keyframe+delay_moov+default_base_moof+global_sidx', '-frag_duration', '4000000']

/** The real app with its own copy of the client, an album of three tracks that sound, one of ten, an admin and a listener. */
export async function openOfflineStage (t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-offline-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const webRoot = join(folder, 'web')
  await cp(builtClient, webRoot, { recursive: true })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = await testApp(t, { webRoot, env: { PORT: String(port), PUBLIC_URL: url } })
  await server.app.listen({ host: 'localhost', port })
  const record = async (title: string, titles: readonly string[]) => await seedAlbum(server.db, { title, artist: 'Otter & Heron', tracks: titles.map((title) => ({ title, durationMs: seconds * 1000, renditions: ['flac'] })) })
  const { albumId, trackIds } = await record('Riverbank', ['Kingfisher Arrives', 'Meltwater', 'The Lock Keeper'])
  const large = await record('Downstream', Array.from({ length: 10 }, (_, n) => `Mile ${n + 1}`))
  const sound = await makeSound(join(folder, 'sound.mp4'), { seconds, encoder: flac })
  const { initBytes, timescale, fragments } = await readFmp4Index(sound)
  await server.db.prisma.rendition.updateMany({ data: { initBytes, timescale, fragments: fragments.map((fragment) => [...fragment]), sampleCount: seconds * timescale } })
  await Promise.all([...trackIds, ...large.trackIds].flatMap((id) => [
    server.store.putFile(`media/${id}/1/flac.mp4`, sound, { contentType: 'audio/mp4' }),
    server.store.put(`media/${id}/1/waveform.bin`, Buffer.alloc(816), { contentType: 'application/octet-stream' })
  ]))
  const [lis, ada] = [await server.user('listener', 'lis'), await server.user('admin', 'ada')]
  const http: Server = server.app.server
  const line = { bad: false, pieces: Array<number>() }
  http.prependListener('request', ({ url: path = '', headers: { range = '' }, socket }) => {
    if (!path.includes('flac.mp4')) return
    // Where one starts: a browser asks for the rest alone of what its own cache has a part of.
    const first = Number(/^bytes=(\d+)/.exec(range)?.[1] ?? 0)
    line.pieces.push(first)
    if (line.bad && first >= pieceBytes) socket.destroy()
  })
  return {
    ...server,
    /** Bad: pieces of music but the first of each break off. The pieces: at which byte each that was asked for starts. */
    line,
    url,
    webRoot,
    albumId,
    largeId: large.albumId,
    trackIds,
    lis,
    ada,
    /** Nobody listens at the address any more: `setOffline` alone would leave the service worker its line. */
    async cut (context: BrowserContext): Promise<void> {
      await context.setOffline(true)
      const closed = new Promise((resolve) => { http.close(resolve) })
      http.closeAllConnections()
      await closed
    },
    async mend (context: BrowserContext): Promise<void> {
      await new Promise<void>((resolve) => { http.listen(port, 'localhost', resolve) })
      await context.setOffline(false)
    }
  }
}
export type OfflineStage = Awaited<ReturnType<typeof openOfflineStage>>
