import type { Me } from '../app/api-types.ts'
import { hasTexts, keptJson } from '../app/kept-json.ts'

const key = 'freshet.identity'

/** Who was here last, for starting without the server: name and permissions, and nothing that opens anything. */
export function keepIdentity (me: Me): void {
  localStorage.setItem(key, JSON.stringify({ ...me, media: { ...me.media, artworkQuery: '' } }))
}

export function keptIdentity (): Me | null {
  const kept = keptJson(key)
  return isMe(kept) ? kept : null
}

/** Also where it can’t be read who that was: their session may still be there. */
export const somebodyWasHere = (): boolean => localStorage.getItem(key) !== null

function isMe (kept: unknown): kept is Me {
  return hasTexts(kept, 'organisation') && 'user' in kept && hasTexts(kept.user, 'id', 'username', 'displayName', 'role') &&
    'permissions' in kept && Array.isArray(kept.permissions) && 'media' in kept && hasTexts(kept.media, 'baseUrl', 'artworkQuery')
}

export function forgetIdentity (): void {
  localStorage.removeItem(key)
}
