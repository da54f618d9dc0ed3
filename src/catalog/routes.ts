import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { actorOf } from '../http/access.ts'
import type { RoutedRead } from '../http/read-routing.ts'
import { albumLetters, getAlbum, listAlbums } from './albums.ts'
import { artistLetters, getArtist, listArtistAlbums, listArtists } from './artists.ts'
import { getGenre, listGenres } from './genres.ts'
import { createTotals, getHome } from './home.ts'
import { Album, AlbumDetail, AlbumsQuery, Artist, ArtistDetail, ArtistsQuery, ErrorAnswer, Genre, Home, IdParams, Letters, PageQuery, pageOf, SearchQuery, SearchResult, Track, TrackDetail, TracksQuery } from './schemas.ts'
import { type PlaylistSearch, search } from './search.ts'
import { getTrack, listTracks } from './tracks.ts'

export interface CatalogDeps {
  /** From the writer or a replica: see http/read-routing.ts. */
  readonly read: RoutedRead
  readonly findPlaylists: PlaylistSearch
}

const config = { access: 'listen' } as const
const tags = ['catalogue']
const page = <T extends Parameters<typeof pageOf>[0]>(item: T) => ({ 200: pageOf(item), 400: ErrorAnswer })
const found = <T extends Parameters<typeof pageOf>[0]>(shape: T) => ({ 200: shape, 404: ErrorAnswer })

export const catalogRoutes: FastifyPluginAsyncTypebox<CatalogDeps> = async (app, { read, findPlaylists }) => {
  const totals = createTotals()

  app.get('/search', { config, schema: { tags, summary: 'Search tracks, albums, artists and playlists', querystring: SearchQuery, response: { 200: SearchResult, 400: ErrorAnswer } } },
    (request) => read(request, (reader) => search(reader, findPlaylists, actorOf(request), request.query)))

  app.get('/home', { config, schema: { tags, summary: 'What is new, and what you last heard', response: { 200: Home } } },
    (request) => read(request, (reader) => getHome(reader, actorOf(request), totals)))

  app.get('/genres', { config, schema: { tags, summary: 'Genres, the largest first, at most 1,000', response: { 200: Type.Object({ items: Type.Array(Genre) }) } } },
    async (request) => ({ items: await read(request, listGenres) }))

  app.get('/genres/:id', { config, schema: { tags, summary: 'A genre', params: IdParams, response: found(Genre) } },
    (request) => read(request, (reader) => getGenre(reader, request.params.id)))

  app.get('/artists/letters', { config, schema: { tags, summary: 'Letters that names of artists begin with', response: { 200: Letters } } },
    async (request) => ({ items: await read(request, artistLetters) }))

  app.get('/artists', { config, schema: { tags, summary: 'Artists, A–Z', querystring: ArtistsQuery, response: page(Artist) } },
    (request) => read(request, (reader) => listArtists(reader, actorOf(request), request.query)))

  app.get('/artists/:id', { config, schema: { tags, summary: 'An artist', params: IdParams, response: found(ArtistDetail) } },
    (request) => read(request, (reader) => getArtist(reader, actorOf(request), request.params.id)))

  app.get('/artists/:id/albums', { config, schema: { tags, summary: 'Albums of an artist, newest first', params: IdParams, querystring: PageQuery, response: { ...page(Album), 404: ErrorAnswer } } },
    (request) => read(request, (reader) => listArtistAlbums(reader, actorOf(request), request.params.id, request.query)))

  app.get('/albums/letters', { config, schema: { tags, summary: 'Letters that titles of albums begin with', response: { 200: Letters } } },
    async (request) => ({ items: await read(request, albumLetters) }))

  app.get('/albums', { config, schema: { tags, summary: 'Albums', querystring: AlbumsQuery, response: page(Album) } },
    (request) => read(request, (reader) => listAlbums(reader, actorOf(request), request.query)))

  app.get('/albums/:id', { config, schema: { tags, summary: 'An album with its tracks', params: IdParams, response: found(AlbumDetail) } },
    (request) => read(request, (reader) => getAlbum(reader, actorOf(request), request.params.id)))

  app.get('/tracks', { config, schema: { tags, summary: 'Tracks', querystring: TracksQuery, response: page(Track) } },
    (request) => read(request, (reader) => listTracks(reader, actorOf(request), request.query)))

  app.get('/tracks/:id', { config, schema: { tags, summary: 'A track with its song text and files', params: IdParams, response: found(TrackDetail) } },
    (request) => read(request, (reader) => getTrack(reader, actorOf(request), request.params.id)))
}
