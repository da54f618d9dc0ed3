import { post } from '../app/api.ts'
import type { Playlist, Track } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { t } from '../messages/playlists.ts'

/** The server takes so many at once. */
const atOnce = 1_000

/** Puts tracks at the end of a playlist, and says so. */
export async function addTracks (playlist: Pick<Playlist, 'id' | 'name'>, tracks: readonly Track[]): Promise<void> {
  const ids = tracks.map(({ id }) => id)
  try {
    for (let at = 0; at < ids.length; at += atOnce) await post(`/playlists/${playlist.id}/items`, { trackIds: ids.slice(at, at + atOnce) })
    notify(t('playlist.added-count', { count: ids.length, name: playlist.name }), { action: { label: t('playlist.show'), leads: true, run: () => { navigate(`/playlists/${playlist.id}`) } } })
  } catch (error) {
    notify(faultText(error), { kind: 'fault' })
  }
}
