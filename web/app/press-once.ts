/** A button on which Enter is held is pressed once: browsers press it again and again. */
export function pressOnce (): void {
  addEventListener('keydown', (event) => {
    if (event.repeat && event.key === 'Enter' && event.target instanceof Element && event.target.closest('button, summary') !== null) event.preventDefault()
  }, true)
}
