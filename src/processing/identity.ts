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
  const album = await findAlbum(tx, tags)
  if (album === undefined) return undefined
  const tracks = await tx.track.findMany({
    where: {
      albumId: album,
      OR: [
        ...(tags.musicBrainzId === null ? [] : [{ musicBrainzId: tags.musicBrainzId }]),
        { discNo: tags.discNo, trackNo: tags.trackNo, sortTitle: sortKey(tags.title) },
        { id: { in: await taggedAlike(tx, album, tags) } }
      ]
    },
    include: { original: true },
    orderBy: { id: 'asc' }
  })
  const credit = normalise(tags.artistCredit)
  return tracks.find((track) => tags.musicBrainzId !== null && track.musicBrainzId === tags.musicBrainzId) ??
    tracks.find((track) => normalise(track.artistCredit) === credit && durationMs !== null && Math.abs(track.durationMs - durationMs) <= sameRecordingMs)
}

/** By the name in the tags, or the one that a curator gave it since. */
async function findAlbum (tx: Transaction, tags: TrackTags): Promise<string | undefined> {
  const identityKey = albumIdentityKey(tags.album)
  const album = await tx.album.findUnique({ where: { identityKey }, select: { id: true } })
  if (album !== null) return album.id
  return (await tx.albumAlias.findUnique({ where: { identityKey }, select: { albumId: true } }))?.albumId
}

/** Tracks of the album whose file says the same place and title, and a curator something else. */
async function taggedAlike (tx: Transaction, albumId: string, { title, discNo, trackNo }: TrackTags): Promise<string[]> {
  const rows = await tx.$queryRaw<Array<{ id: string, title: string, discNo: number, trackNo: number }>>`
    SELECT t.id::text, coalesce(e.bases->>'title', t.title) AS title, coalesce((e.bases->>'discNo')::int, t.disc_no) AS "discNo", coalesce((e.bases->>'trackNo')::int, t.track_no) AS "trackNo"
    FROM track t JOIN LATERAL (SELECT jsonb_object_agg(field, base) AS bases FROM tag_edit WHERE track_id = t.id AND field IN ('title', 'discNo', 'trackNo')) e ON e.bases IS NOT NULL
    WHERE t.album_id = ${albumId}::uuid`
  return rows.filter((row) => row.discNo === discNo && row.trackNo === trackNo && sortKey(row.title) === sortKey(title)).map(({ id }) => id)
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
