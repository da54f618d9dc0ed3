import { tick } from 'svelte'

interface Place { readonly path: string, readonly query: URLSearchParams, readonly key: string }
interface HistoryState { readonly key: string }

/** Where the reader is. `arriving` is true until the new page's heading has taken the focus. */
let here = $state.raw<Place>(read())
let arriving = false
const scrollByKey = new Map<string, number>()
/** Of the page that was left for a reload or another site: its entry of the history, its address and the place on it. */
const leftKey = 'freshet.left-at'
/** A page that was gone back to has so long to come to the height it had, ms. */
const patienceMs = 10_000

export const place = {
  get path () { return here.path },
  get query () { return here.query },
  /** Of this entry of the history: who comes back to it finds the same. */
  get key () { return here.key }
}

function read (): Place {
  const key = (history.state as HistoryState | null)?.key ?? 'first'
  return { path: location.pathname, query: new URLSearchParams(location.search), key }
}

let askToLeave: () => Promise<boolean> | null = () => null

/** Asks before the page is left, as long as this isn't undone; null: there is nothing to ask. Returns the undoing. */
export function askBeforeLeaving (ask: () => Promise<boolean> | null): () => void {
  askToLeave = ask
  return () => { if (askToLeave === ask) askToLeave = () => null }
}

/** @returns whether the page asks first; `go` is called once the reader leaves it */
function asksFirst (go: () => void): boolean {
  const answer = askToLeave()
  answer?.then((leaves) => {
    if (!leaves) return
    askToLeave = () => null
    go()
  })
  return answer !== null
}

export interface NavigateOptions {
  /** Take the place of this entry of the history. */
  readonly replace?: boolean
  /** Leave the focus where it is, as search-as-you-type must. */
  readonly keepFocus?: boolean
}

/** Goes to a path of this client, such as `/albums/…`. */
export function navigate (href: string, options: NavigateOptions = {}): void {
  if (asksFirst(() => { navigate(href, options) })) return
  const { replace = false, keepFocus = false } = options
  scrollByKey.set(here.key, scrollY)
  const next: HistoryState = { key: replace ? here.key : `${Date.now()}-${Math.random()}` }
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
    const next = read()
    // The skip link leads down the same page.
    if (location.hash !== '' && next.path === here.path) return
    const { href } = location
    if (asksFirst(() => { navigate(href, { replace: true }) })) {
      // The browser has gone already: the page stands at its address again.
      history.pushState({ key: here.key } satisfies HistoryState, '', `${here.path}${here.query.size > 0 ? `?${here.query}` : ''}`)
      return
    }
    scrollByKey.set(here.key, scrollY)
    here = next
    arriving = true
    restoreScroll(scrollByKey.get(here.key) ?? 0)
  }, { signal })
  addEventListener('pagehide', () => { sessionStorage.setItem(leftKey, `${here.key} ${location.href} ${scrollY}`) }, { signal })
  const [key, address, top] = (sessionStorage.getItem(leftKey) ?? '').split(' ')
  const anew = performance.getEntriesByType('navigation').some((entry) => entry instanceof PerformanceNavigationTiming && entry.type === 'navigate')
  if (!anew && key === here.key && address === location.href) restoreScroll(Number(top))
  return () => { controller.abort() }
}

function followLink (event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (link === null || !leadsWithin(link)) return
  event.preventDefault()
  // A link that only chooses among what the page shows leaves the reader where they are.
  const chooses = link.pathname === here.path && link.search !== location.search
  navigate(link.pathname + link.search + link.hash, { keepFocus: chooses })
}

/** Whether a link leads to a page of this client: not elsewhere, to the API's own pages, or down the same page. */
function leadsWithin (link: HTMLAnchorElement): boolean {
  if (link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return false
  return !link.pathname.startsWith('/api/') && !(link.hash !== '' && link.pathname === location.pathname)
}

/** The page grows while it loads: try until it is tall enough to return to where the reader was, or the reader moves. */
async function restoreScroll (top: number): Promise<void> {
  const key = here.key
  let moved = false
  const stop = new AbortController()
  for (const type of ['wheel', 'touchstart', 'keydown', 'pointerdown']) addEventListener(type, () => { moved = true }, { passive: true, once: true, signal: stop.signal })
  await tick()
  const until = performance.now() + patienceMs
  const attempt = (): void => {
    if (moved || here.key !== key) { stop.abort(); return }
    scrollTo(0, top)
    if (Math.abs(scrollY - top) > 2 && performance.now() < until) requestAnimationFrame(attempt)
    else stop.abort()
  }
  attempt()
}
