import { session } from '../accounts/session.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { t } from '../messages/menus.ts'
import { editQuery } from './chosen-tracks.ts'
import type { MenuItem } from './menu.svelte.ts'

/** Opens the tag editor on tracks or an album, for those who may edit the catalogue. */
export function editItems (what: { readonly trackIds: readonly string[] } | { readonly albumId: string }): MenuItem[] {
  if (!session.may('edit the catalogue')) return []
  return [{ label: t('menu.edit-tags'), group: 'edit', run: () => { navigate(`/studio/edit?${'albumId' in what ? `album=${what.albumId}` : editQuery(what.trackIds)}`) } }]
}
