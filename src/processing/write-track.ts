import { sortKey } from '../catalog/normalise.ts'
import type { Transaction } from '../platform/database/database.ts'
import type { TrackTags } from './processors/processed-track.ts'
import { completeAlbum, idsOf, upsertArtists, upsertGenres, type ArtistIds } from './upsert-catalogue.ts'

export interface TrackFacts {
  readonly trackId: string
  readonly albumId: string
  readonly tags: TrackTags
  /** Of the original that the track is now heard from. */
  readonly originalId: string
  readonly durationMs: number
  readonly publishedAt: Date
}

/** Writes a new track, or an old one's tags anew, with its artists, genres and lyrics. Its id and first publication stay. */
export async function writeTrack (tx: Transaction, facts: TrackFacts): Promise<void> {
  const { trackId, albumId, tags, publishedAt } = facts
  const described = { albumId, ...describe(facts), fence: 1 }
  await tx.track.upsert({
    where: { id: trackId },
    create: { id: trackId, state: 'published', publishedAt, ...described },
    update: { ...described, fence: { increment: 1 } }
  })
  const artists = await upsertArtists(tx, creditedArtists(tags))
  await completeAlbum(tx, albumId, { tags, artists })
  await writeCredits(tx, trackId, { tags, artists })
  await writeGenres(tx, trackId, tags)
  await writeLyrics(tx, trackId, tags)
}

function describe ({ tags, originalId, durationMs }: TrackFacts) {
  return {
    title: tags.title,
    sortTitle: sortKey(tags.title),
    artistCredit: tags.artistCredit,
    discNo: tags.discNo,
    discTitle: tags.discTitle,
    trackNo: tags.trackNo,
    year: tags.year,
    isrc: tags.isrc,
    musicBrainzId: tags.musicBrainzId,
    durationMs,
    originalId,
    replayGainTrackDb: tags.replayGainTrackDb,
    replayGainAlbumDb: tags.replayGainAlbumDb
  }
}

const named = (name: string) => ({ name, musicBrainzId: null })

function creditedArtists (tags: TrackTags) {
  const others = [...tags.composers, ...tags.conductors, ...tags.remixers].map(named)
  return [...tags.artists, ...tags.featured, ...tags.album.artists, ...others]
}

async function writeCredits (tx: Transaction, trackId: string, { tags, artists }: { readonly tags: TrackTags, readonly artists: ArtistIds }): Promise<void> {
  const roles = [
    { role: 'main', credited: tags.artists },
    { role: 'featured', credited: tags.featured },
    { role: 'composer', credited: tags.composers.map(named) },
    { role: 'conductor', credited: tags.conductors.map(named) },
    { role: 'remixer', credited: tags.remixers.map(named) }
  ] as const
  await tx.trackArtist.deleteMany({ where: { trackId } })
  const credits = roles.flatMap(({ role, credited }) => idsOf(credited, artists).map((artistId) => ({ trackId, artistId, role })))
  await tx.trackArtist.createMany({ data: credits.map((credit, position) => ({ ...credit, position })), skipDuplicates: true })
}

async function writeGenres (tx: Transaction, trackId: string, tags: TrackTags): Promise<void> {
  const genreIds = await upsertGenres(tx, tags.genres)
  await tx.trackGenre.deleteMany({ where: { trackId } })
  await tx.trackGenre.createMany({ data: genreIds.map((genreId) => ({ trackId, genreId })) })
}

async function writeLyrics (tx: Transaction, trackId: string, { lyrics }: TrackTags): Promise<void> {
  await tx.lyrics.deleteMany({ where: { trackId } })
  if (lyrics === null) return
  const { text, synced, language } = lyrics
  await tx.lyrics.create({ data: { trackId, text, language, ...(synced === null ? {} : { synced: synced.map((line) => ({ ...line })) }) } })
}
