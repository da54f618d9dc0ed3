import { untrack } from 'svelte'

/** `leads`: elsewhere, instead of undoing what was done. */
interface NoticeAction { readonly label: string, readonly leads?: boolean, run (): void }
export interface Notice { readonly id: number, readonly text: string, readonly kind: 'done' | 'fault', readonly action?: NoticeAction }

let next = 1
let list = $state.raw<readonly Notice[]>([])
let spoken = $state('')

export const notices = {
  get list () { return list },
  /** What screen readers hear next. */
  get spoken () { return spoken },
  dismiss (id: number) { list = list.filter((notice) => notice.id !== id) }
}

/** Shows a line for some seconds and speaks it. */
export function notify (text: string, { kind = 'done', action }: Partial<Pick<Notice, 'kind' | 'action'>> = {}): void {
  const notice: Notice = action === undefined ? { id: next++, text, kind } : { id: next++, text, kind, action }
  list = [...list.slice(-2), notice]
  announce(text)
  setTimeout(() => { notices.dismiss(notice.id) }, kind === 'fault' ? 10_000 : 5_000)
}

/** Speaks without showing, from effects too. A trailing space makes a repeated sentence a new one. */
export function announce (text: string): void {
  spoken = untrack(() => spoken) === text ? `${text}\u00A0` : text
}
