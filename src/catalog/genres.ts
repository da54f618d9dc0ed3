import createError from '@fastify/error'
import type { Reader } from '../platform/database/database.ts'
import type { Genre } from './schemas.ts'

export const GenreNotFoundError = createError('GENRE_NOT_FOUND', 'there is no such genre', 404)

/** Tags hold anything: beyond this many, genres are slips of the pen. */
const maxGenres = 1_000

/** Genres with published tracks, the largest first, at most 1,000. */
export async function listGenres ({ pool }: Reader): Promise<Genre[]> {
  const { rows } = await pool.query<Genre>({
    name: 'genres',
    text: `SELECT id, name, track_count AS "trackCount" FROM genre WHERE track_count > 0 ORDER BY track_count DESC, name_key LIMIT ${maxGenres}`
  })
  return rows
}

/** @throws GenreNotFoundError also for a genre without published tracks */
export async function getGenre ({ pool }: Reader, id: string): Promise<Genre> {
  const { rows: [genre] } = await pool.query<Genre>({
    name: 'genre',
    text: 'SELECT id, name, track_count AS "trackCount" FROM genre WHERE id = $1 AND track_count > 0',
    values: [id]
  })
  if (genre === undefined) throw new GenreNotFoundError()
  return genre
}
