/** Whether the browser has a line, and whether the server answers on it. */
let line = $state(navigator.onLine)
let answers = $state(true)
const listeners = new Set<() => void>()

addEventListener('online', () => { change(true, answers) })
addEventListener('offline', () => { change(false, answers) })

export const network = {
  get online () { return line && answers }
}

/** Told by whoever asked the server. */
export function serverAnswers (does: boolean): void {
  change(line, does)
}

/** Calls when the server can be reached again. Returns the undoing. */
export function onLine (listener: () => void): () => void {
  listeners.add(listener)
  return () => { listeners.delete(listener) }
}

function change (nextLine: boolean, nextAnswers: boolean): void {
  const was = network.online
  line = nextLine
  answers = nextAnswers
  if (!was && network.online) for (const listener of listeners) listener()
}
