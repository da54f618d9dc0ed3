import { askAndSignOut } from '../accounts/ask-and-sign-out.ts'
import { session } from '../accounts/session.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { preferences } from '../app/preferences.svelte.ts'
import { sectionsFor, studioSections } from '../app/sections.ts'
import { type Theme, theme } from '../app/theme.svelte.ts'
import { matchRanges } from '../elements/match-ranges.ts'
import { t } from '../messages/palette.ts'
import { panels } from '../player/panels.svelte.ts'
import { cancelSleep, cycleRepeat, player, skipBack, skipForward, sleepAfterMinutes, sleepAtEndOf, toggleMute, togglePlay, toggleShuffle } from '../player/player.svelte.ts'
import { forgetSearches } from './recent-searches.ts'

export interface Command { readonly label: string, run (): void }

const themes: readonly Theme[] = ['system', 'day', 'night']
/** Each in its own words. */
const languages = [['en', 'English'], ['de', 'Deutsch'], ['pt-BR', 'Português (Brasil)']] as const
const sleepMinutes = [15, 30, 45, 60]
const librarySections = ['albums', 'artists', 'tracks', 'genres', 'favourites'] as const

/** What the palette can do for somebody with this role, now. */
function commands (): readonly Command[] {
  return [
    ...sectionsFor(session.may).map(({ href, label }) => place(t(label), href)),
    ...librarySections.map((id) => place(t(`library.${id}`), `/library/${id}`)),
    ...studioSections(session.may).map(({ href, label }) => place(t(label), href)),
    place(t('nav.search'), '/search'),
    place(t('nav.account'), '/account'),
    ...session.may('request songs') ? [place(t('nav.requests'), '/requests')] : [],
    ...player.track === undefined ? [] : playing(),
    { label: t('command.queue'), run: () => { panels.queue = !panels.queue } },
    ...languages.map(([choice, name]) => ({ label: t('command.language', { name }), run: () => { preferences.set({ language: choice }) } })),
    ...themes.map((choice) => ({ label: `${t('theme.label')}: ${t(`theme.${choice}`)}`, run: () => { theme.choose(choice) } })),
    { label: t('nav.keys'), run: () => { panels.keys = true } },
    { label: t('command.forget-searches'), run: forgetSearches },
    { label: t('nav.sign-out'), run: askAndSignOut }
  ]
}

function place (name: string, href: string): Command {
  return { label: t('command.go', { name }), run: () => { navigate(href) } }
}

function playing (): readonly Command[] {
  return [
    { label: t(player.active ? 'player.pause' : 'player.play'), run: togglePlay },
    { label: t('player.next'), run: skipForward },
    { label: t('player.previous'), run: skipBack },
    { label: t('player.shuffle'), run: toggleShuffle },
    { label: t('player.repeat'), run: cycleRepeat },
    ...sleepMinutes.map((minutes) => ({ label: t('command.sleep', { count: minutes }), run: () => { sleepAfterMinutes(minutes) } })),
    { label: t('command.sleep-track'), run: () => { sleepAtEndOf('track') } },
    { label: t('command.sleep-off'), run: cancelSleep },
    { label: t(player.muted ? 'player.unmute' : 'player.mute'), run: toggleMute }
  ]
}

/** Commands in which every word begins one of theirs; all of them for no words. */
export function findCommands (query: string): readonly Command[] {
  const words = query.split(/\s+/).filter(Boolean)
  return commands().filter(({ label }) => words.every((word) => matchRanges(label, word).some(({ match }) => match)))
}
