import { hasTexts, keptList } from '../app/kept-json.ts'
import type { KeptKind } from './kept-database.ts'

/** A line of what should be kept. It stands apart from the music, so that it can be told when that was thrown away. */
export interface KeptLine { readonly kind: KeptKind, readonly refId: string, readonly name: string }

const key = (userId: string): string => `freshet.kept.${userId}`

export function readKeptList (userId: string): readonly KeptLine[] {
  return keptList(key(userId), isLine)
}

function isLine (item: unknown): item is KeptLine {
  return hasTexts(item, 'kind', 'refId', 'name') && ['album', 'playlist', 'track'].includes(item.kind)
}

export function writeKeptList (userId: string, lines: readonly KeptLine[]): void {
  if (lines.length === 0) localStorage.removeItem(key(userId))
  else localStorage.setItem(key(userId), JSON.stringify(lines))
}

/** At once, without opening a database: most people keep nothing, and a song should not wait to learn that. A list that can’t be read tells of music that is still here. */
export const keepsAnything = (userId: string): boolean => localStorage.getItem(key(userId)) !== null
