export interface MenuItem {
  readonly label: string
  readonly run: () => void
  /** Set for a choice among others. */
  readonly checked?: boolean
  /** Items of another group than the one before stand below a line, named where the name isn't empty. */
  readonly group?: string
}

let open = $state.raw<{ readonly anchor: HTMLElement, readonly items: readonly MenuItem[] } | null>(null)

export const menu = { get open () { return open } }

/** Opens the one menu beside a button; a second press closes it. */
export function openMenu (anchor: HTMLElement, items: readonly MenuItem[]): void {
  open = open?.anchor === anchor ? null : { anchor, items }
}

export function closeMenu (): void {
  open?.anchor.focus()
  open = null
}

/** Closed from outside: the focus stays where the reader put it. */
export function dropMenu (): void {
  open = null
}
