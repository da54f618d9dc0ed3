import { type Actor, authorise } from '../accounts/actor.ts'
import { AlbumNotFoundError, albumsByIds } from '../catalog/albums.ts'
import { ArtistNotFoundError, artistsByIds } from '../catalog/artists.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page } from '../catalog/schemas.ts'
import { TrackNotFoundError, tracksByIds } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'
import type { FavouriteItem, FavouriteParams, FavouritesQuery } from './schemas.ts'

const newestFirst: Order = { name: 'favourites', key: 'f.created_at', id: 'f.item_id', type: 'timestamptz', descending: true }

/** Of each kind: what is visible of it, and how it is read. */
const kinds = {
  track: { visible: 'SELECT FROM track t WHERE t.id = f.item_id AND t.state = \'published\'', read: tracksByIds, NotFoundError: TrackNotFoundError },
  album: { visible: 'SELECT FROM album a WHERE a.id = f.item_id AND a.track_count > 0', read: albumsByIds, NotFoundError: AlbumNotFoundError },
  artist: { visible: 'SELECT FROM artist p WHERE p.id = f.item_id AND p.track_count > 0', read: artistsByIds, NotFoundError: ArtistNotFoundError }
} as const

/**
 * The actor's favourites of a kind, the newest first.
 * @throws InvalidCursorError
 */
export async function listFavourites (db: Database, actor: Actor, { kind, limit, cursor }: FavouritesQuery): Promise<Page<FavouriteItem>> {
  authorise(actor, 'keep playlists')
  const order = { ...newestFirst, name: `${newestFirst.name}-${kind}` }
  const clause = keyset(order, cursor, 3)
  const { rows } = await db.pool.query<{ id: string, created_at: Date }>({
    name: clause.name,
    text: `SELECT f.item_id AS id, f.created_at FROM favourite f WHERE f.user_id = $1 AND f.kind = '${kind}' AND EXISTS (${kinds[kind].visible})
      AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [actor.userId, limit + 1, ...clause.values]
  })
  const page = cutPage(rows, { limit, order }, { item: ({ id }) => id, place: ({ id, created_at: key }) => ({ key, id }) })
  return { items: await kinds[kind].read(db, actor, page.items), nextCursor: page.nextCursor }
}

/**
 * Once is as good as twice.
 * @throws TrackNotFoundError, AlbumNotFoundError or ArtistNotFoundError also for what isn't visible
 */
export async function addFavourite (db: Database, actor: Actor, { kind, id }: FavouriteParams, now: Date): Promise<void> {
  authorise(actor, 'keep playlists')
  const [item] = await kinds[kind].read(db, actor, [id])
  if (item === undefined) throw new kinds[kind].NotFoundError()
  await db.prisma.favourite.createMany({ data: [{ userId: actor.userId, kind, itemId: id, createdAt: now }], skipDuplicates: true })
}

/** What was no favourite stays none. */
export async function removeFavourite (db: Database, actor: Actor, { kind, id }: FavouriteParams): Promise<void> {
  authorise(actor, 'keep playlists')
  await db.prisma.favourite.deleteMany({ where: { userId: actor.userId, kind, itemId: id } })
}
