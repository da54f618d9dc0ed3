export interface MenuItem {
  readonly label: string
  readonly run: () => void
  /** Set for a choice among others, or for what is on or off. */
  readonly checked?: boolean
  readonly toggles?: boolean
  /** Items of another group than the one before stand below a line, named where the name isn't empty. */
  readonly group?: string
}

/** Where in the window, CSS pixels. */
export interface MenuPoint { readonly x: number, readonly y: number }

let open = $state.raw<{ readonly anchor: HTMLElement, readonly items: readonly MenuItem[], readonly at: MenuPoint | undefined } | null>(null)

export const menu = { get open () { return open } }

/** Opens the one menu beside a button, or at a point; a second press of the button closes it. */
export function openMenu (anchor: HTMLElement, items: readonly MenuItem[], at?: MenuPoint): void {
  open = at === undefined && open?.anchor === anchor ? null : { anchor, items, at }
}

export function closeMenu (): void {
  open?.anchor.focus()
  open = null
}

/** Closed from outside: the focus stays where the reader put it. */
export function dropMenu (): void {
  open = null
}
