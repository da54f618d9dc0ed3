import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { actorOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import { getAlbum, listAlbums } from './albums.ts'
import { getArtist, listArtistAlbums, listArtists } from './artists.ts'
import { listGenres } from './genres.ts'
import { createTotals, getHome } from './home.ts'
import { Album, AlbumDetail, AlbumsQuery, Artist, ArtistDetail, ErrorAnswer, Genre, Home, IdParams, PageQuery, pageOf, SearchQuery, SearchResult, Track, TrackDetail, TracksQuery } from './schemas.ts'
import { type PlaylistSearch, search } from './search.ts'
import { getTrack, listTracks } from './tracks.ts'

export interface CatalogDeps {
  readonly db: Database
  readonly findPlaylists: PlaylistSearch
}

const config = { access: 'listen' } as const
const tags = ['catalogue']
const page = <T extends Parameters<typeof pageOf>[0]>(item: T) => ({ 200: pageOf(item), 400: ErrorAnswer })
const found = <T extends Parameters<typeof pageOf>[0]>(shape: T) => ({ 200: shape, 404: ErrorAnswer })

export const catalogRoutes: FastifyPluginAsyncTypebox<CatalogDeps> = async (app, { db, findPlaylists }) => {
  const totals = createTotals(db)

  app.get('/search', { config, schema: { tags, summary: 'Search tracks, albums, artists and playlists', querystring: SearchQuery, response: { 200: SearchResult, 400: ErrorAnswer } } },
    (request) => search(db, findPlaylists, actorOf(request), request.query))

  app.get('/home', { config, schema: { tags, summary: 'What is new, and what you last heard', response: { 200: Home } } },
    (request) => getHome(db, actorOf(request), totals))

  app.get('/genres', { config, schema: { tags, summary: 'Genres, the largest first, at most 1,000', response: { 200: Type.Object({ items: Type.Array(Genre) }) } } },
    async () => ({ items: await listGenres(db) }))

  app.get('/artists', { config, schema: { tags, summary: 'Artists, A–Z', querystring: PageQuery, response: page(Artist) } },
    (request) => listArtists(db, actorOf(request), request.query))

  app.get('/artists/:id', { config, schema: { tags, summary: 'An artist', params: IdParams, response: found(ArtistDetail) } },
    (request) => getArtist(db, actorOf(request), request.params.id))

  app.get('/artists/:id/albums', { config, schema: { tags, summary: 'Albums of an artist, newest first', params: IdParams, querystring: PageQuery, response: { ...page(Album), 404: ErrorAnswer } } },
    (request) => listArtistAlbums(db, actorOf(request), request.params.id, request.query))

  app.get('/albums', { config, schema: { tags, summary: 'Albums', querystring: AlbumsQuery, response: page(Album) } },
    (request) => listAlbums(db, actorOf(request), request.query))

  app.get('/albums/:id', { config, schema: { tags, summary: 'An album with its tracks', params: IdParams, response: found(AlbumDetail) } },
    (request) => getAlbum(db, actorOf(request), request.params.id))

  app.get('/tracks', { config, schema: { tags, summary: 'Tracks', querystring: TracksQuery, response: page(Track) } },
    (request) => listTracks(db, actorOf(request), request.query))

  app.get('/tracks/:id', { config, schema: { tags, summary: 'A track with its song text and files', params: IdParams, response: found(TrackDetail) } },
    (request) => getTrack(db, actorOf(request), request.params.id))
}
