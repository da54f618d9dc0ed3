/**
 * Addresses of what is kept: of this origin, answered by the service worker. They stand below the media's, so that a
 * browser without the worker gets a plain "not found" from the server and no page.
 */
const root = '/media/kept'

export const keptAudioPath = (userId: string, trackId: string): string => `${root}/${userId}/${trackId}/audio`
export const keptWaveformPath = (userId: string, trackId: string): string => `${root}/${userId}/${trackId}/waveform`
export const keptArtworkPath = (artworkId: string): string => `${root}/artwork/${artworkId}`

/** Cache of the pictures that go with kept music. */
export const artworkCacheName = 'freshet-kept-artwork'

export interface KeptAddress { readonly userId: string, readonly trackId: string, readonly part: 'audio' | 'waveform' }

/** What a path of the above asks for, or null. */
export function parseKeptPath (path: string): KeptAddress | null {
  const match = /^\/media\/kept\/([\w-]+)\/([\w-]+)\/(audio|waveform)$/.exec(path)
  if (match === null) return null
  const [, userId = '', trackId = '', part] = match
  return { userId, trackId, part: part === 'audio' ? 'audio' : 'waveform' }
}

/** The id within the address of a picture, wherever pictures come from. */
export function artworkIdIn (path: string): string | null {
  return /\/artwork\/([\da-f-]{36})\//.exec(path)?.[1] ?? null
}
