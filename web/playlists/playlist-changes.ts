import { get, post, request } from '../app/api.ts'
import type { Playlist, PlaylistItem } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import type { Pages } from '../app/pages.svelte.ts'
import type { Resource } from '../app/resource.svelte.ts'
import { t } from '../messages/playlists.ts'

type Fields = Partial<Pick<Playlist, 'name' | 'description' | 'visibility'>>

/** Changes a playlist on the page now and on the server after; the server's list comes back where it refuses. */
export function playlistChanges (id: string, playlist: Resource<Playlist>, items: Pages<PlaylistItem>) {
  async function change (edit: (list: readonly PlaylistItem[]) => readonly PlaylistItem[], send: () => Promise<unknown>): Promise<boolean> {
    items.change(edit)
    try {
      await send()
      playlist.set(await get<Playlist>(`/playlists/${id}`))
      return true
    } catch (error) {
      notify(faultText(error), { kind: 'fault' })
      items.reload()
      return false
    }
  }

  function move (from: number, to: number): void {
    const moved = items.items[from]
    if (moved === undefined) return
    const rest = items.items.toSpliced(from, 1)
    const afterItemId = rest[to - 1]?.id ?? null
    change(() => rest.toSpliced(to, 0, moved), async () => await post(`/playlists/${id}/items/${moved.id}/move`, { afterItemId }))
  }

  /** Takes items out; for some seconds they can be brought back to where they stood. */
  async function remove (itemIds: readonly string[]): Promise<void> {
    const gone = new Set(itemIds)
    const runs = runsOf(items.items, gone)
    const first = runs[0]?.tracks[0]
    if (first === undefined) return
    const done = await change((list) => list.filter((item) => !gone.has(item.id)), async () => await post(`/playlists/${id}/items/remove`, { itemIds }))
    if (!done) return
    const text = gone.size === 1 ? t('playlist.removed', { title: first.title }) : t('playlist.removed-count', { count: gone.size })
    notify(text, { action: { label: t('playlist.undo'), run: () => { bringBack(runs) } } })
  }

  async function bringBack (runs: readonly Run[]): Promise<void> {
    try {
      for (const { afterItemId, tracks } of runs) await post(`/playlists/${id}/items`, { trackIds: tracks.map((track) => track.id), afterItemId })
      notify(t('playlist.brought-back'))
    } catch (error) {
      notify(faultText(error), { kind: 'fault' })
    }
    items.reload()
    playlist.retry()
  }

  async function edit (fields: Fields): Promise<void> {
    try {
      playlist.set(await request<Playlist>('PATCH', `/playlists/${id}`, { body: fields }))
      if (fields.name !== undefined) notify(t('playlist.renamed', { name: fields.name }))
      if (fields.description !== undefined) notify(t('playlist.described'))
    } catch (error) {
      notify(faultText(error), { kind: 'fault' })
    }
  }

  return { move, remove, edit }
}

/** Items that stood together, and what they stood behind. */
interface Run { readonly afterItemId: string | null, readonly tracks: Array<PlaylistItem['track']> }

function runsOf (list: readonly PlaylistItem[], gone: ReadonlySet<string>): readonly Run[] {
  const runs: Run[] = []
  let kept: string | null = null
  let open: Run | undefined
  for (const item of list) {
    if (!gone.has(item.id)) { kept = item.id; open = undefined; continue }
    if (open === undefined) runs.push(open = { afterItemId: kept, tracks: [] })
    open.tracks.push(item.track)
  }
  return runs
}
