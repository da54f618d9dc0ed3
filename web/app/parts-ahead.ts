import { somebodyWasHere } from '../offline/kept-identity.ts'
import { findPage } from './pages-by-path.ts'
import { parts } from './parts.ts'

/** Fetches what will most likely be shown while the server is still asked who is there. */
export function fetchPartsAhead (): void {
  const fetched = somebodyWasHere() ? [parts.frame(), findPage(location.pathname)?.load()] : [parts.signIn()]
  // Whoever shows them asks again, and says what failed.
  for (const part of fetched) part?.catch(() => undefined)
}
