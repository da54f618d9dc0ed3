import { normalise, sortKey } from '../catalog/normalise.ts'
import type { Transaction } from '../platform/database/database.ts'
import type { SourceAudio, TrackTags } from './processors/processed-track.ts'

/** What is known of a file when it is decided what becomes of it. */
export interface Candidate {
  readonly sha256: string
  readonly audio: SourceAudio
  readonly tags: TrackTags
  /** Exact once decoded, before that as announced; null where nothing is announced. */
  readonly durationMs: number | null
}

/**
 * What becomes of a file: `duplicate`, the same bytes are here; `retag`, the same audio under other tags; `replace`,
 * a better source of a known track; `alternative`, one that isn't better and is only kept; `create`, a new track.
 */
export type Verdict =
  | { readonly kind: 'duplicate' | 'retag' | 'replace' | 'alternative', readonly trackId: string }
  | { readonly kind: 'create' }

/** Two encodings of one recording differ by encoder delay and padding; other versions by more. */
const sameRecordingMs = 2_000
/** A unique index entry of Postgres has room for 2.7 KB. */
const longestKeyPart = 300

/** The MusicBrainz release where the tags name it, else the normalised album artist and title. */
export function albumIdentityKey ({ musicBrainzId, artistCredit, title }: TrackTags['album']): string {
  return musicBrainzId === null ? `name:${nameKeyOf(artistCredit)}\n${nameKeyOf(title)}` : `musicbrainz:${musicBrainzId}`
}

/** Names of artists, albums and genres are the same when this is. */
export function nameKeyOf (name: string): string {
  return normalise(name).slice(0, longestKeyPart)
}

/**
 * Decides what becomes of a file, from what is committed and what this transaction sees. Asked once before the work,
 * to know what to make, and once more under the locks of the publishing transaction.
 */
export async function judge (tx: Transaction, candidate: Candidate): Promise<Verdict> {
  const known = await tx.original.findUnique({ where: { sha256: candidate.sha256 }, select: { trackId: true } })
  if (typeof known?.trackId === 'string') return { kind: 'duplicate', trackId: known.trackId }
  const sameAudio = await findSameAudio(tx, candidate)
  if (sameAudio !== undefined) return sameAudio
  const track = await findSameRecording(tx, candidate)
  if (track === undefined) return { kind: 'create' }
  return { kind: isBetter(candidate.audio, track.original) ? 'replace' : 'alternative', trackId: track.id }
}

/**
 * Two MusicBrainz releases may hold the very same audio: those stay two tracks. When the audio is that of an
 * original which was replaced by a better one, its tags don't count either.
 */
async function findSameAudio (tx: Transaction, { audio, tags }: Candidate): Promise<Verdict | undefined> {
  const originals = await tx.original.findMany({
    where: { audioHash: audio.audioHash, trackId: { not: null } },
    orderBy: { createdAt: 'asc' },
    select: { trackId: true, track: { select: { album: { select: { musicBrainzId: true } }, original: { select: { audioHash: true } } } } }
  })
  const release = tags.album.musicBrainzId
  const same = originals.find(({ track }) => release === null || track?.album.musicBrainzId == null || track.album.musicBrainzId === release)
  if (same === undefined || same.trackId === null) return undefined
  return { kind: same.track?.original.audioHash === audio.audioHash ? 'retag' : 'alternative', trackId: same.trackId }
}

/** By MusicBrainz recording id, or by its place on the album, title, artists and length. */
async function findSameRecording (tx: Transaction, { tags, durationMs }: Candidate) {
  const album = await tx.album.findUnique({ where: { identityKey: albumIdentityKey(tags.album) }, select: { id: true } })
  if (album === null) return undefined
  const tracks = await tx.track.findMany({
    where: {
      albumId: album.id,
      OR: [
        ...(tags.musicBrainzId === null ? [] : [{ musicBrainzId: tags.musicBrainzId }]),
        { discNo: tags.discNo, trackNo: tags.trackNo, sortTitle: sortKey(tags.title) }
      ]
    },
    include: { original: true },
    orderBy: { id: 'asc' }
  })
  const credit = normalise(tags.artistCredit)
  return tracks.find((track) => tags.musicBrainzId !== null && track.musicBrainzId === tags.musicBrainzId) ??
    tracks.find((track) => normalise(track.artistCredit) === credit && durationMs !== null && Math.abs(track.durationMs - durationMs) <= sameRecordingMs)
}

type Quality = Pick<SourceAudio, 'lossless' | 'sampleRate' | 'channels' | 'bitDepth' | 'bitrateKbps'>

/** Lossless before lossy; then resolution among lossless files (their bit rate tells nothing), bit rate among lossy ones. */
export function isBetter (candidate: Quality, current: Quality): boolean {
  if (candidate.lossless !== current.lossless) return candidate.lossless
  return fidelity(candidate) > fidelity(current)
}

function fidelity ({ lossless, sampleRate, channels, bitDepth, bitrateKbps }: Quality): number {
  return lossless ? sampleRate * channels * (bitDepth ?? 16) : bitrateKbps ?? 0
}
