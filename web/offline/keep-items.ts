import type { Track } from '../app/api-types.ts'
import type { MenuItem } from '../elements/menu.svelte.ts'
import { t } from '../messages/offline.ts'
import { withTracks } from '../library/collections.ts'
import { canKeep, keep, type Keepable, keeping, removeKept } from './keeping.svelte.ts'
import { tracksNow } from './tracks-now.ts'

/** What a track's menu offers for the time without a line. */
export function keepItems (track: Track): MenuItem[] {
  if (!canKeep()) return []
  const kept = keeping.find('track', track.id)
  if (kept !== undefined) return [{ label: t('kept.remove'), run: () => { removeKept(kept) } }]
  return [{ label: t('kept.keep'), run: () => { keep({ kind: 'track', refId: track.id, name: track.title, byline: track.artistCredit, artwork: track.album.artwork, tracks: [track] }) } }]
}

/** The same for an album or a playlist, whose tracks are read when it is chosen. */
export function keepCollectionItems (thing: Omit<Keepable, 'tracks'>): MenuItem[] {
  if (!canKeep()) return []
  const kept = keeping.find(thing.kind, thing.refId)
  if (kept !== undefined) return [{ label: t('kept.remove'), run: () => { removeKept(kept) } }]
  return [{ label: t('kept.keep'), run: () => { withTracks(async () => await tracksNow(thing.kind, thing.refId), (tracks) => { keep({ ...thing, tracks }) }) } }]
}
