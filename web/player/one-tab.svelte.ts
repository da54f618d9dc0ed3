import { newId } from '../app/ids.ts'

/** What another tab plays. */
export interface PlaysElsewhere { readonly title: string, readonly artist: string }

type Message =
  | { readonly kind: 'plays', readonly tab: string, readonly title: string, readonly artist: string }
  | { readonly kind: 'rests', readonly tab: string }
  | { readonly kind: 'who-plays' }
  | { readonly kind: 'hand-over' }

const lockName = 'freshet-playing'
const tab = newId()
const channel = new BroadcastChannel('freshet-playing')

/** One tab of a browser plays. The one that does holds a lock; a tab that is gone holds none. */
class OneTab {
  #elsewhere = $state.raw<(PlaysElsewhere & { readonly tab: string }) | null>(null)
  /** What we play, while we do. */
  #ours: PlaysElsewhere | null = null
  #give: (() => void) | null = null
  #waiting = new AbortController()
  #lost: () => void = () => {}
  #left: () => void = () => {}

  /** What another tab plays; null: none does. */
  get elsewhere (): PlaysElsewhere | null { return this.#elsewhere }

  /**
   * @param hooks `lost`: another tab plays from now on; this one must be silent, and has kept its place when it returns.
   * `left`: the one that played no longer does, and this one may go on where that was.
   */
  start ({ lost, left }: { lost (): void, left (): void }): void {
    this.#lost = lost
    this.#left = left
    channel.onmessage = ({ data }: MessageEvent<Message>) => { this.#hear(data) }
    channel.postMessage({ kind: 'who-plays' } satisfies Message)
  }

  /** This tab plays, whatever another one does. */
  plays (what: PlaysElsewhere): void {
    const first = this.#ours === null
    if (!first && this.#ours?.title === what.title && this.#ours.artist === what.artist) return
    this.#ours = what
    this.#elsewhere = null
    this.#waiting.abort()
    // The lock first: who hears of it waits for the lock.
    if (first) this.#hold()
    channel.postMessage({ kind: 'plays', tab, ...what } satisfies Message)
  }

  /** This tab is silent. */
  rests (): void {
    if (this.#ours === null) return
    this.#ours = null
    this.#give?.()
    this.#give = null
    channel.postMessage({ kind: 'rests', tab } satisfies Message)
  }

  /** Asks the tab that plays to stop; resolves once it has kept its place, or does not answer. */
  async silenceOthers (): Promise<void> {
    this.#elsewhere = null
    await new Promise<void>((resolve) => {
      const done = (): void => { clearTimeout(timer); channel.removeEventListener('message', answered); resolve() }
      const answered = ({ data }: MessageEvent<Message>): void => { if (data.kind === 'rests') done() }
      const timer = setTimeout(done, 500)
      channel.addEventListener('message', answered)
      channel.postMessage({ kind: 'hand-over' } satisfies Message)
    })
  }

  #hear (message: Message): void {
    if (message.kind === 'who-plays') {
      if (this.#ours !== null) channel.postMessage({ kind: 'plays', tab, ...this.#ours } satisfies Message)
    } else if (message.kind === 'rests') this.#heardRest(message.tab)
    else if (message.kind === 'hand-over') this.#yield()
    else {
      this.#yield()
      this.#elsewhere = { tab: message.tab, title: message.title, artist: message.artist }
      this.#forgetWhenGone()
    }
  }

  /** Not of the one before, which gave the music over to the one that plays now. */
  #heardRest (who: string): void {
    if (who === this.#elsewhere?.tab) this.#forget()
  }

  #forget (): void {
    if (this.#elsewhere === null) return
    this.#elsewhere = null
    this.#left()
  }

  #yield (): void {
    if (this.#ours === null) return
    this.#lost()
    this.rests()
  }

  // navigator.locks exists on secure pages only; elsewhere the messages alone do it.
  #hold (): void {
    if (!('locks' in navigator)) return
    const held = new Promise<void>((resolve) => { this.#give = resolve })
    // Rejected when another tab takes it, which has said so itself.
    navigator.locks.request(lockName, { steal: true }, async () => { await held }).catch(() => undefined)
  }

  /** The tab that plays may end without a word: then its lock is free. */
  #forgetWhenGone (): void {
    if (!('locks' in navigator)) return
    this.#waiting.abort()
    this.#waiting = new AbortController()
    navigator.locks.request(lockName, { signal: this.#waiting.signal }, () => { this.#forget() }).catch(() => undefined)
  }
}

export const oneTab = new OneTab()
