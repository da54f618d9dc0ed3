import type { Static } from 'typebox'
import type { ApiTokens, CreatedApiToken as CreatedApiTokenSchema, CreatedAppPassword as CreatedAppPasswordSchema, Sessions, SignedIn, User } from '../../src/accounts/schemas.ts'
import type { ArtworkRef } from '../../src/catalog/schemas.ts'

/** The shapes of the REST API, from the schemas that the server answers by. */
export type { Me, SeenUser, User } from '../../src/accounts/schemas.ts'
export type { Album, AlbumDetail, Artist, ArtistDetail, Genre, Home, Page, Playlist, SearchResult, Track, TrackDetail } from '../../src/catalog/schemas.ts'
export type { PlaylistItem } from '../../src/playlists/schemas.ts'
export type { Job, JobSummary } from '../../src/processing/schemas.ts'
export type { AskedSong, SongRequest } from '../../src/requests/schemas.ts'
export type { CreatedShare, Share } from '../../src/sharing/schemas.ts'
export type { Stream } from '../../src/streaming/schemas.ts'
export type { PartAddress, Upload, UploadedPart, UploadSummary, UploadTicket } from '../../src/uploads/schemas.ts'
export type { ChangeSet, EditableTrack, TagChanges, TagConflict } from '../../src/editing/schemas.ts'
export type { HealthFigure, HealthSeries } from '../../src/health/schemas.ts'

export type Artwork = NonNullable<ArtworkRef>
export type Role = User['role']
/** What signing in and renewing answer with. */
export type Grant = SignedIn
export type SignInSession = Static<typeof Sessions>['items'][number]
export type ApiToken = Static<typeof ApiTokens>['items'][number]
export type CreatedAppPassword = Static<typeof CreatedAppPasswordSchema>
export type CreatedApiToken = Static<typeof CreatedApiTokenSchema>
