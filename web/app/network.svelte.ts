let online = $state(navigator.onLine)
addEventListener('online', () => { online = true })
addEventListener('offline', () => { online = false })

export const network = {
  get online () { return online }
}
