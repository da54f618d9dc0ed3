import { artworkUrl } from '../accounts/session.svelte.ts'
import { pause, player, resume, seekTo, skipBack, skipForward } from './player.svelte.ts'

const stepSeconds = 5
const sizes = [96, 256, 512]

/** Tells the system what plays and obeys its buttons. Returns the undoing. */
export function startMediaSession (): () => void {
  if (!('mediaSession' in navigator)) return () => {}
  const session = navigator.mediaSession
  for (const [action, handler] of Object.entries(handlers)) session.setActionHandler(action as MediaSessionAction, handler)
  const stop = $effect.root(() => {
    $effect(() => { session.metadata = metadata() })
    $effect(() => { session.playbackState = player.track === undefined ? 'none' : player.active ? 'playing' : 'paused' })
    $effect(() => {
      const { durationSeconds: duration, positionSeconds } = player
      if (duration > 0) session.setPositionState({ duration, position: Math.min(positionSeconds, duration), playbackRate: player.speed })
      else session.setPositionState()
    })
  })
  return () => {
    stop()
    session.metadata = null
    for (const action of Object.keys(handlers)) session.setActionHandler(action as MediaSessionAction, null)
  }
}

const handlers: Readonly<Partial<Record<MediaSessionAction, MediaSessionActionHandler>>> = {
  play: () => { resume() },
  pause: () => { pause() },
  stop: () => { pause(); seekTo(0) },
  previoustrack: () => { skipBack() },
  nexttrack: () => { skipForward() },
  seekbackward: ({ seekOffset }) => { seekTo(player.now() - (seekOffset ?? stepSeconds)) },
  seekforward: ({ seekOffset }) => { seekTo(player.now() + (seekOffset ?? stepSeconds)) },
  seekto: ({ seekTime }) => { if (typeof seekTime === 'number') seekTo(seekTime) }
}

function metadata (): MediaMetadata | null {
  const track = player.track
  if (track === undefined) return null
  const { artwork } = track.album
  const addresses = artwork === null ? [] : sizes.map((size) => ({ size, src: artworkUrl(artwork, size) }))
  return new MediaMetadata({
    title: track.title,
    artist: track.artistCredit,
    album: track.album.title,
    artwork: addresses.flatMap(({ size, src }) => (src === null ? [] : [{ src, sizes: `${size}x${size}`, type: 'image/webp' }]))
  })
}
