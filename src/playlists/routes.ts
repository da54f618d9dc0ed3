import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams, PageQuery, pageOf, Playlist } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import { addFavourite, listFavourites, removeFavourite } from './favourites.ts'
import { addItems, findHolding, listItems, moveItem, removeItem, removeItems } from './playlist-items.ts'
import { changePlaylist, createPlaylist, deletePlaylist, getPlaylist, listPlaylists } from './playlists.ts'
import { rateTrack, unrateTrack } from './ratings.ts'
import { AddedItems, FavouriteItem, FavouriteParams, FavouritesQuery, HeldTracks, Holding, ItemIds, ItemParams, Move, NewItems, NewPlaylist, PlaylistChange, PlaylistItem, PlaylistsQuery, Stars, Version } from './schemas.ts'

export interface PlaylistsDeps {
  readonly db: Database
  readonly now: () => Date
}

const config = { access: 'keep playlists' } as const
const nothing = Type.Null()
const denied = { 403: ErrorAnswer, 404: ErrorAnswer }

export const playlistsRoutes: FastifyPluginAsyncTypebox<PlaylistsDeps> = async (app, deps) => {
  await app.register(playlistRoutes, deps)
  await app.register(itemRoutes, deps)
  await app.register(favouriteRoutes, deps)
}

const playlistRoutes: FastifyPluginAsyncTypebox<PlaylistsDeps> = async (app, { db, now }) => {
  const tags = ['playlists']

  app.get('/playlists', { config, schema: { tags, summary: 'Your playlists and shared ones', querystring: PlaylistsQuery, response: { 200: pageOf(Playlist), 400: ErrorAnswer } } },
    (request) => listPlaylists(db, actorOf(request), request.query))

  app.post('/playlists', { config, schema: { tags, summary: 'Begin a playlist', body: NewPlaylist, response: { 201: Playlist, 404: ErrorAnswer, 409: ErrorAnswer } } },
    async (request, reply) => reply.code(201).send(await createPlaylist(db, actorOf(request), request.body, now())))

  app.get('/playlists/:id', { config, schema: { tags, summary: 'A playlist', params: IdParams, response: { 200: Playlist, 404: ErrorAnswer } } },
    (request) => getPlaylist(db, actorOf(request), request.params.id))

  app.patch('/playlists/:id', { config, schema: { tags, summary: 'Rename, describe, share', params: IdParams, body: PlaylistChange, response: { 200: Playlist, ...denied } } },
    (request) => changePlaylist(db, actorOf(request), { id: request.params.id, change: request.body }, now()))

  app.delete('/playlists/:id', { config, schema: { tags, summary: 'Delete a playlist', params: IdParams, response: { 204: nothing, ...denied } } },
    async (request, reply) => {
      await deletePlaylist(db, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    })
}

const itemRoutes: FastifyPluginAsyncTypebox<PlaylistsDeps> = async (app, { db, now }) => {
  const tags = ['playlists']

  app.get('/playlists/:id/items', { config, schema: { tags, summary: 'Items in order', params: IdParams, querystring: PageQuery, response: { 200: pageOf(PlaylistItem), 400: ErrorAnswer, 404: ErrorAnswer } } },
    (request) => listItems(db, actorOf(request), request.params.id, request.query))

  app.post('/playlists/:id/items', { config, schema: { tags, summary: 'Add tracks', params: IdParams, body: NewItems, response: { 201: AddedItems, 409: ErrorAnswer, ...denied } } },
    async (request, reply) => reply.code(201).send(await addItems(db, actorOf(request), { ...request.body, playlistId: request.params.id }, now())))

  app.delete('/playlists/:id/items/:itemId', { config, schema: { tags, summary: 'Remove an item', params: ItemParams, response: { 204: nothing, ...denied } } },
    async (request, reply) => {
      await removeItem(db, actorOf(request), { playlistId: request.params.id, itemId: request.params.itemId }, now())
      return reply.code(204).send(null)
    })

  app.post('/playlists/:id/items/remove', { config, schema: { tags, summary: 'Remove several items', params: IdParams, body: ItemIds, response: { 200: Version, ...denied } } },
    async (request) => ({ version: await removeItems(db, actorOf(request), { ...request.body, playlistId: request.params.id }, now()) }))

  app.post('/playlists/holding', { config, schema: { tags, summary: 'Your playlists that hold any of these tracks', body: HeldTracks, response: { 200: Type.Object({ items: Type.Array(Holding) }) } } },
    async (request) => ({ items: await findHolding(db, actorOf(request), request.body) }))

  app.post('/playlists/:id/items/:itemId/move', { config, schema: { tags, summary: 'Move an item', params: ItemParams, body: Move, response: { 200: Version, ...denied } } },
    async (request) => {
      const { id: playlistId, itemId } = request.params
      return { version: await moveItem(db, actorOf(request), { playlistId, itemId, afterItemId: request.body.afterItemId }, now()) }
    })
}

const favouriteRoutes: FastifyPluginAsyncTypebox<PlaylistsDeps> = async (app, { db, now }) => {
  const tags = ['favourites']

  app.get('/favorites', { config, schema: { tags, summary: 'Your favourites of a kind, the newest first', querystring: FavouritesQuery, response: { 200: pageOf(FavouriteItem), 400: ErrorAnswer } } },
    (request) => listFavourites(db, actorOf(request), request.query))

  app.put('/favorites/:kind/:id', { config, schema: { tags, summary: 'Make a favourite', params: FavouriteParams, response: { 204: nothing, 404: ErrorAnswer } } },
    async (request, reply) => {
      await addFavourite(db, actorOf(request), request.params, now())
      return reply.code(204).send(null)
    })

  app.delete('/favorites/:kind/:id', { config, schema: { tags, summary: 'No longer a favourite', params: FavouriteParams, response: { 204: nothing } } },
    async (request, reply) => {
      await removeFavourite(db, actorOf(request), request.params)
      return reply.code(204).send(null)
    })

  app.put('/tracks/:id/rating', { config, schema: { tags, summary: 'Rate a track', params: IdParams, body: Stars, response: { 204: nothing, 404: ErrorAnswer } } },
    async (request, reply) => {
      await rateTrack(db, actorOf(request), { trackId: request.params.id, stars: request.body.stars }, now())
      return reply.code(204).send(null)
    })

  app.delete('/tracks/:id/rating', { config, schema: { tags, summary: 'Take a rating back', params: IdParams, response: { 204: nothing } } },
    async (request, reply) => {
      await unrateTrack(db, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    })
}
