import type { Component } from 'svelte'

type Load = () => Promise<{ default: Component<Params> }>
export type Params = Record<string, string>

interface Route { readonly pattern: RegExp, readonly load: Load, readonly section: string, readonly permission?: string }

/** A pattern such as `/albums/:id`. */
const path = (pattern: string): RegExp => new RegExp(`^${pattern.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`)
const page = (pattern: string, section: string, load: () => Promise<{ default: unknown }>): Route =>
  ({ pattern: path(pattern), section, load: load as Load })

/** Every page; they are fetched when they are wanted, home with the frame. */
const routes: readonly Route[] = [
  page('/', 'listen', () => import('../library/home.svelte')),
  page('/search', 'search', () => import('../library/search.svelte')),
  page('/library', 'library', () => import('../library/albums.svelte')),
  page('/library/albums', 'library', () => import('../library/albums.svelte')),
  page('/library/artists', 'library', () => import('../library/artists.svelte')),
  page('/library/tracks', 'library', () => import('../library/tracks.svelte')),
  page('/library/genres', 'library', () => import('../library/genres.svelte')),
  page('/library/favourites', 'library', () => import('../library/favourites.svelte')),
  page('/albums/:id', 'library', () => import('../library/album.svelte')),
  page('/artists/:id', 'library', () => import('../library/artist.svelte')),
  page('/genres/:id', 'library', () => import('../library/genre.svelte')),
  page('/playlists', 'playlists', () => import('../playlists/playlists.svelte')),
  page('/playlists/:id', 'playlists', () => import('../playlists/playlist.svelte')),
  page('/requests', 'library', () => import('../requests/missing-songs.svelte')),
  page('/kept', 'library', () => import('../offline/kept.svelte')),
  page('/account', 'account', () => import('../accounts/account.svelte')),
  { ...page('/studio', 'studio', () => import('../admin/jobs.svelte')), permission: 'see jobs' },
  { ...page('/studio/upload', 'studio', () => import('../admin/upload.svelte')), permission: 'upload music' },
  { ...page('/studio/rejected', 'studio', () => import('../admin/rejected.svelte')), permission: 'upload music' },
  { ...page('/studio/edit', 'studio', () => import('../admin/edit.svelte')), permission: 'edit the catalogue' },
  { ...page('/studio/edits', 'studio', () => import('../admin/edits.svelte')), permission: 'edit the catalogue' },
  { ...page('/studio/health', 'studio', () => import('../admin/health.svelte')), permission: 'see metrics' },
  { ...page('/studio/audit', 'studio', () => import('../admin/audit.svelte')), permission: 'see the audit log' },
  { ...page('/studio/jobs', 'studio', () => import('../admin/jobs.svelte')), permission: 'see jobs' },
  { ...page('/studio/requests', 'studio', () => import('../requests/studio-requests.svelte')), permission: 'answer requests' },
  { ...page('/studio/users', 'studio', () => import('../admin/users.svelte')), permission: 'see users' }
]

export interface Found { readonly load: Load, readonly params: Params, readonly section: string, readonly permission: string | null }

/** The page of a path, or null. */
export function findPage (pathname: string): Found | null {
  for (const { pattern, load, section, permission } of routes) {
    const match = pattern.exec(pathname)
    if (match === null) continue
    const params = Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]))
    return { load, params, section, permission: permission ?? null }
  }
  return null
}
