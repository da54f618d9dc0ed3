import { tick } from 'svelte'

interface Place { readonly path: string, readonly query: URLSearchParams, readonly key: string }
interface HistoryState { readonly key: string }

/** Where the reader is. `arriving` is true until the new page's heading has taken the focus. */
let here = $state.raw<Place>(read())
let arriving = false
const scrollByKey = new Map<string, number>()

export const place = {
  get path () { return here.path },
  get query () { return here.query }
}

function read (): Place {
  const key = (history.state as HistoryState | null)?.key ?? 'first'
  return { path: location.pathname, query: new URLSearchParams(location.search), key }
}

export interface NavigateOptions {
  /** Take the place of this entry of the history. */
  readonly replace?: boolean
  /** Leave the focus where it is, as search-as-you-type must. */
  readonly keepFocus?: boolean
}

/** Goes to a path of this client, such as `/albums/…`. */
export function navigate (href: string, { replace = false, keepFocus = false }: NavigateOptions = {}): void {
  scrollByKey.set(here.key, scrollY)
  const next: HistoryState = { key: `${Date.now()}-${Math.random()}` }
  if (replace) history.replaceState(next, '', href)
  else history.pushState(next, '', href)
  here = read()
  arriving = !keepFocus
  if (!keepFocus) scrollTo(0, 0)
}

/** True once for the first heading that asks after a move: it should take the focus. */
export function takeArrival (): boolean {
  const taken = arriving
  arriving = false
  return taken
}

/** Lets plain links move within the client. Returns the undoing. */
export function startRouter (): () => void {
  history.scrollRestoration = 'manual'
  const controller = new AbortController()
  const { signal } = controller
  document.addEventListener('click', followLink, { signal })
  addEventListener('popstate', () => {
    scrollByKey.set(here.key, scrollY)
    here = read()
    arriving = true
    restoreScroll(scrollByKey.get(here.key) ?? 0)
  }, { signal })
  return () => { controller.abort() }
}

function followLink (event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (link === null || !leadsWithin(link)) return
  event.preventDefault()
  navigate(link.pathname + link.search + link.hash)
}

/** Whether a link leads to a page of this client: not elsewhere, to the API's own pages, or down the same page. */
function leadsWithin (link: HTMLAnchorElement): boolean {
  if (link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return false
  return !link.pathname.startsWith('/api/') && !(link.hash !== '' && link.pathname === location.pathname)
}

/** The page grows while it loads: try for a second until it is tall enough to return to where the reader was. */
async function restoreScroll (top: number): Promise<void> {
  await tick()
  const until = performance.now() + 1_000
  const attempt = (): void => {
    scrollTo(0, top)
    if (Math.abs(scrollY - top) > 2 && performance.now() < until) requestAnimationFrame(attempt)
  }
  attempt()
}
