interface Volume { readonly level: number, readonly muted: boolean }

const volumeKey = 'freshet.volume'
const placeKey = 'freshet.place'
const speedKey = 'freshet.speed'

/** Where the reader was in the entry, in seconds; 0 where another entry was current. */
export function keptPlace (userId: string, entryKey: string): number {
  const [user, key, seconds] = (localStorage.getItem(placeKey) ?? '').split(' ')
  const place = Number(seconds)
  return user === userId && key === entryKey && place > 0 ? place : 0
}

export function keepPlace (userId: string, entryKey: string, seconds: number): void {
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

/** Of this browser, as the volume: 0.5 to 2, and 1 where none was kept. */
export function keptSpeed (): number {
  const speed = Number(localStorage.getItem(speedKey) ?? 1)
  return speed >= 0.5 && speed <= 2 ? speed : 1
}

export function keepSpeed (speed: number): void {
  localStorage.setItem(speedKey, String(speed))
}
