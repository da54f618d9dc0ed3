import { mount, unmount } from 'svelte'
import { session } from '../accounts/session.svelte.ts'
import { withPart } from '../app/with-part.ts'
import { t } from '../messages/messages.ts'

/** Something that a link can lead to. */
export interface Shareable {
  readonly kind: 'track' | 'album' | 'playlist'
  readonly id: string
  readonly name: string
}

/** Opens the dialog that makes links; its code comes when it is wanted. */
function openShare (shareable: Shareable): void {
  withPart(() => import('./share-dialog.svelte'), ({ default: ShareDialog }) => {
    const dialog = mount(ShareDialog, { target: document.body, props: { shareable, close: () => { unmount(dialog) } } })
  })
}

/** The action that shares it, for those who may. */
export function shareItem (shareable: Shareable): ReadonlyArray<{ readonly label: string, readonly run: () => void }> {
  return session.may('share') ? [{ label: t('share.item'), run: () => { openShare(shareable) } }] : []
}
