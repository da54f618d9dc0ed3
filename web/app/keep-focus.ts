const focusable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])'

const stopsIn = (root: Element): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(focusable)].filter((element) => element.checkVisibility())

/**
 * Whoever works by keyboard keeps their place: where the element in focus goes away or is switched off, the focus goes
 * to the same control of the row after it, or before it, else to what stands around it, else to the page's heading. A
 * component that knows better sets the focus itself, and is not interfered with. Returns the undoing.
 */
export function keepFocus (): () => void {
  let last: HTMLElement | null = null
  /** What had the focus before a dialog or a menu took it. */
  let opener: HTMLElement | null = null
  const onFocus = ({ target }: FocusEvent): void => {
    if (!(target instanceof HTMLElement)) return
    const layer = target.closest('dialog, [popover]')
    if (layer !== null && last?.isConnected === true && !layer.contains(last)) opener = last
    last = target
  }
  const onPress = ({ target }: PointerEvent): void => {
    // A press beside everything gives the focus up on purpose.
    if (target instanceof Element && target.closest(`${focusable}, [tabindex], label`) === null) last = null
  }
  const observer = new MutationObserver((records) => {
    const lost = last
    if (lost === null) return
    const stays = (): boolean => lost.isConnected && !lost.matches(':disabled')
    // A row that changes its place is taken out and put in again: that loses the focus too.
    if (stays() && !records.some(({ removedNodes }) => [...removedNodes].some((node) => node.contains(lost)))) return
    // Components move the focus themselves right after the page has changed.
    setTimeout(() => {
      const { activeElement } = document
      const nowhere = activeElement === null || activeElement === document.body || activeElement === lost
      if (nowhere && last === lost) (stays() ? lost : placeAfter(lost, records, opener))?.focus({ preventScroll: lost.closest('main') === null })
    })
  })
  document.addEventListener('focusin', onFocus)
  document.addEventListener('pointerdown', onPress)
  observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled'] })
  return () => {
    observer.disconnect()
    document.removeEventListener('focusin', onFocus)
    document.removeEventListener('pointerdown', onPress)
  }
}

function placeAfter (lost: HTMLElement, records: readonly MutationRecord[], opener: HTMLElement | null): HTMLElement | null {
  if (lost.isConnected) return near(lost.parentElement)
  const layer = lost.closest('dialog, [popover]')
  if (layer !== null && !layer.isConnected && opener?.isConnected === true && opener.checkVisibility()) return opener
  const record = records.find(({ removedNodes }) => [...removedNodes].some((node) => node.contains(lost)))
  const gone = record === undefined ? undefined : [...record.removedNodes].find((node) => node.contains(lost))
  if (record === undefined || !(gone instanceof Element)) return near(null)
  const index = [...gone.querySelectorAll(focusable)].indexOf(lost)
  return inRow(record.nextSibling, index) ?? inRow(record.previousSibling, index) ?? near(record.target)
}

/** The control at the same place of a neighbouring row. */
function inRow (row: Node | null, index: number): HTMLElement | undefined {
  const neighbour = row instanceof Element && row.isConnected ? stopsIn(row) : []
  return neighbour[index] ?? neighbour.at(-1)
}

/** The first stop in what stands around it, but no farther than the page: its heading says where the reader is. */
function near (from: Node | null): HTMLElement | null {
  for (let around = from instanceof Element && from.isConnected ? from : null; around !== null && !around.matches('main, body') && around.querySelector('main') === null; around = around.parentElement) {
    const [first] = stopsIn(around)
    if (first !== undefined) return first
  }
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1)
  return (dialog === undefined ? undefined : stopsIn(dialog)[0]) ?? document.querySelector<HTMLElement>('main h1[tabindex]') ?? document.querySelector('main')
}
