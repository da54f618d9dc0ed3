import type { Track } from '../app/api-types.ts'

/** From this width the queue stands beside the page; below, it is a sheet over it. */
const wideEnough = matchMedia('(width >= 1200px)')

let wide = $state(wideEnough.matches)
let queue = $state(wideEnough.matches && localStorage.getItem('freshet.queue-shown') === 'yes')
let full = $state(false)
let keys = $state(false)
let adding = $state.raw<readonly Track[] | null>(null)
wideEnough.addEventListener('change', () => {
  wide = wideEnough.matches
  queue = false
})

/** What is open beside or over the page. */
export const panels = {
  get wide () { return wide },
  get queue () { return queue },
  set queue (shown) {
    queue = shown
    if (wide) localStorage.setItem('freshet.queue-shown', shown ? 'yes' : 'no')
  },
  get full () { return full },
  set full (shown) { full = shown },
  get keys () { return keys },
  set keys (shown) { keys = shown },
  /** Tracks on their way to a playlist. */
  get adding () { return adding },
  set adding (tracks) { adding = tracks }
}
