/** Shapes of the REST API as the client reads them. */
export interface ArtistRef { readonly id: string, readonly name: string }
export interface Artwork { readonly id: string, readonly blurhash: string | null, readonly dominantColour: string | null, readonly path: string, readonly sizes: readonly number[] }
export interface AlbumRef { readonly id: string, readonly title: string, readonly artwork: Artwork | null, readonly year: number | null }
export interface Track {
  readonly id: string
  readonly title: string
  readonly artists: readonly ArtistRef[]
  readonly artistCredit: string
  readonly album: AlbumRef
  readonly discNo: number
  readonly trackNo: number
  readonly durationMs: number
  readonly year: number | null
  readonly genres: readonly string[]
  readonly favourite: boolean
  readonly rating: number | null
  readonly playCount: number
}
export interface Album {
  readonly id: string
  readonly title: string
  readonly artists: readonly ArtistRef[]
  readonly artistCredit: string
  readonly year: number | null
  readonly artwork: Artwork | null
  readonly trackCount: number
  readonly durationMs: number
  readonly addedAt: string
  readonly favourite: boolean
}
export interface Disc { readonly discNo: number, readonly title: string | null, readonly tracks: readonly Track[] }
export interface AlbumDetail extends Album { readonly label: string | null, readonly loudnessLufs: number | null, readonly discs: readonly Disc[] }
export interface Artist { readonly id: string, readonly name: string, readonly artwork: Artwork | null, readonly albumCount: number, readonly trackCount: number, readonly favourite: boolean }
export interface ArtistDetail extends Artist { readonly topTracks: readonly Track[], readonly albums: readonly Album[], readonly appearsOn: readonly Album[] }
export interface Genre { readonly id: string, readonly name: string, readonly trackCount: number }
export interface Playlist {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly visibility: 'private' | 'shared'
  readonly owner: { readonly id: string, readonly displayName: string }
  readonly mine: boolean
  readonly version: number
  readonly trackCount: number
  readonly durationMs: number
  readonly updatedAt: string
}
export interface PlaylistItem { readonly id: string, readonly addedAt: string, readonly track: Track }
export interface Home {
  readonly recentlyAdded: readonly Album[]
  readonly favourites: readonly Track[]
  readonly recentlyPlayed: readonly Track[]
  readonly totals: { readonly tracks: number, readonly albums: number, readonly artists: number }
}
export interface SearchResult { readonly tracks: readonly Track[], readonly albums: readonly Album[], readonly artists: readonly Artist[], readonly playlists: readonly Playlist[] }
export interface Page<T> { readonly items: readonly T[], readonly nextCursor: string | null }

export type Role = 'listener' | 'curator' | 'admin' | 'auditor'
export interface User { readonly id: string, readonly username: string, readonly displayName: string, readonly role: Role, readonly disabled: boolean, readonly createdAt: string }
export interface Me {
  readonly user: User
  readonly permissions: readonly string[]
  readonly organisation: string
  readonly media: { readonly baseUrl: string, readonly artworkQuery: string, readonly expiresAt: string }
}
export interface Grant { readonly user: User, readonly accessToken: string, readonly expiresAt: string }
export interface SignInSession { readonly id: string, readonly createdAt: string, readonly lastUsedAt: string, readonly current: boolean, readonly userAgent: string | null }

export interface Stream {
  readonly url: string
  readonly mimeType: string
  readonly durationMs: number
  readonly expiresAt: string
  readonly rendition: { readonly name: string, readonly codec: string, readonly bitrateKbps: number | null, readonly sampleRate: number, readonly channels: number }
  readonly waveformUrl: string | null
}

export interface UploadedPart { readonly partNumber: number, readonly etag: string, readonly sizeBytes: number }
export interface UploadTicket { readonly id: string, readonly state: string, readonly partSizeBytes: number, readonly partCount: number, readonly uploadedParts: readonly UploadedPart[] }
export interface PartAddress { readonly partNumber: number, readonly url: string, readonly headers: Readonly<Record<string, string>>, readonly expiresAt: string }
export interface Upload {
  readonly id: string
  readonly relativePath: string
  readonly sizeBytes: number
  readonly state: string
  readonly stage: string | null
  readonly reasonCode: string | null
  readonly reason: string | null
  readonly trackId: string | null
  readonly createdAt: string
  readonly finishedAt: string | null
}
export interface Job {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly stage: string | null
  readonly attempts: number
  readonly maxAttempts: number
  readonly errorCode: string | null
  readonly lastError: string | null
  readonly subject: string
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}
export interface JobsSummary { readonly waiting: number, readonly running: number, readonly failed: number, readonly done24h: number, readonly oldestWaitingSeconds: number | null }
