import { onLine } from '../app/network.svelte.ts'
import { followLibrary } from './follow-library.ts'
import { closeKeeping, openKeeping } from './keeping.svelte.ts'
import { keepShell } from './keep-shell.svelte.ts'

const followEveryMs = 3_600_000

/** What works for the time without a line: the client in the browser, and the music that is kept. Returns the undoing. */
export function startKeeping (userId: string): () => void {
  keepShell().catch(reportError)
  const follow = (): void => { followLibrary().catch(reportError) }
  openKeeping(userId).then(follow, reportError)
  const timer = setInterval(follow, followEveryMs)
  const stop = onLine(follow)
  return () => {
    clearInterval(timer)
    stop()
    closeKeeping()
  }
}
