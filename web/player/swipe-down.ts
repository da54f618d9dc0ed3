/** A pull longer than this closes, CSS pixels. */
const closesAfter = 110

/** Lets a finger pull an element down and away, from its top; shorter pulls let it spring back. */
export function swipeDown (close: () => void): (element: HTMLElement) => () => void {
  return (element) => {
    let startY: number | null = null
    const begin = (event: TouchEvent): void => {
      const inside = event.target instanceof Element && event.target.closest('input, [data-scrolls]') !== null
      startY = element.scrollTop <= 0 && event.touches.length === 1 && !inside ? event.touches[0]?.clientY ?? null : null
    }
    const pulled = (event: TouchEvent): number => Math.max(0, (event.changedTouches[0]?.clientY ?? 0) - (startY ?? Infinity))
    const move = (event: TouchEvent): void => { if (startY !== null) element.style.transform = element.scrollTop > 0 ? '' : `translateY(${pulled(event)}px)` }
    const end = (event: TouchEvent): void => {
      element.style.transform = ''
      if (startY !== null && event.type === 'touchend' && element.scrollTop <= 0 && pulled(event) > closesAfter) close()
      startY = null
    }
    const controller = new AbortController()
    const options = { passive: true, signal: controller.signal }
    element.addEventListener('touchstart', begin, options)
    element.addEventListener('touchmove', move, options)
    element.addEventListener('touchend', end, options)
    element.addEventListener('touchcancel', end, options)
    return () => { controller.abort() }
  }
}
