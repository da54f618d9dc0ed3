import { session } from '../accounts/session.svelte.ts'
import { confirmed } from '../elements/confirm.svelte.ts'
import { t } from '../messages/offline.ts'
import { keepsAnything } from './kept-list.ts'

/** Asks before signing out, where kept music would go with it. */
export async function mayLeave (): Promise<boolean> {
  if (session.me === null || !keepsAnything(session.me.user.id)) return true
  return await confirmed({ title: t('sign-out.kept-title'), body: t('sign-out.kept-body'), confirm: t('sign-out.confirm') })
}
