import { navigate } from '../app/router.svelte.ts'
import { studioHref } from '../app/sections.ts'
import { type Theme, theme } from '../app/theme.svelte.ts'
import { type MenuItem, openMenu } from '../elements/menu.svelte.ts'
import { t } from '../messages/messages.ts'
import { panels } from '../player/panels.svelte.ts'
import { askAndSignOut } from './ask-and-sign-out.ts'
import { session } from './session.svelte.ts'

export function openAccountMenu (anchor: HTMLElement): void {
  const studio = studioHref(session.may)
  const themes: readonly Theme[] = ['system', 'day', 'night']
  const items: MenuItem[] = [
    { label: t('nav.account'), run: () => { navigate('/account') } },
    ...(studio === null ? [] : [{ label: t('nav.studio'), run: () => { navigate(studio) } }]),
    ...(session.may('request songs') ? [{ label: t('nav.requests'), run: () => { navigate('/requests') } }] : []),
    { label: t('nav.keys'), run: () => { panels.keys = true } },
    ...themes.map((choice) => ({ label: t(`theme.${choice}`), group: t('theme.label'), checked: theme.choice === choice, run: () => { theme.choose(choice) } })),
    { label: t('nav.sign-out'), group: '', run: askAndSignOut }
  ]
  openMenu(anchor, items)
}
