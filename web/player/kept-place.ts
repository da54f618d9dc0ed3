interface Volume { readonly level: number, readonly muted: boolean }

const volumeKey = 'freshet.volume'
const placeKey = 'freshet.place'

/** Where the reader was in the entry, in seconds; 0 where another entry was current. */
export function keptPlace (userId: string, entryKey: number): number {
  const [user, key, seconds] = (localStorage.getItem(placeKey) ?? '').split(' ')
  const place = Number(seconds)
  return user === userId && Number(key) === entryKey && place > 0 ? place : 0
}

export function keepPlace (userId: string, entryKey: number, seconds: number): void {
  localStorage.setItem(placeKey, `${userId} ${entryKey} ${seconds.toFixed(1)}`)
}

export function keptVolume (): Volume {
  const [level, muted] = (localStorage.getItem(volumeKey) ?? '1').split(' ')
  const number = Number(level)
  return { level: number >= 0 && number <= 1 ? number : 1, muted: muted === 'muted' }
}

export function keepVolume ({ level, muted }: Volume): void {
  localStorage.setItem(volumeKey, muted ? `${level} muted` : String(level))
}
