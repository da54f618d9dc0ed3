import { session } from '../accounts/session.svelte.ts'
import { keptList } from '../app/kept-json.ts'

const most = 8
/** Kept in this browser only, for each person apart. */
const key = (): string => `freshet.searches.${session.me?.user.id ?? ''}`

/** What was searched for last, the latest first. */
export function recentSearches (): readonly string[] {
  return keptList(key(), (text) => typeof text === 'string')
}

export function rememberSearch (text: string): void {
  const plain = text.trim()
  if (plain === '') return
  localStorage.setItem(key(), JSON.stringify([plain, ...recentSearches().filter((other) => other.toLowerCase() !== plain.toLowerCase())].slice(0, most)))
}

export function forgetSearches (): void {
  localStorage.removeItem(key())
}
