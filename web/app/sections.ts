import type { MessageKey } from '../messages/messages.ts'

export interface Section { readonly id: string, readonly href: string, readonly label: MessageKey }

/** The places of the top bar for somebody with these permissions. */
export function sectionsFor (may: (permission: string) => boolean): readonly Section[] {
  const places: Section[] = [
    { id: 'listen', href: '/', label: 'nav.listen' },
    { id: 'library', href: '/library/albums', label: 'nav.library' },
    { id: 'playlists', href: '/playlists', label: 'nav.playlists' }
  ]
  const studio = studioHref(may)
  if (studio !== null) places.push({ id: 'studio', href: studio, label: 'nav.studio' })
  return places
}

/** Where the studio opens, or null for listeners. */
export function studioHref (may: (permission: string) => boolean): string | null {
  return studioSections(may)[0]?.href ?? null
}

export function studioSections (may: (permission: string) => boolean): readonly Section[] {
  const all: ReadonlyArray<Section & { readonly permission: string }> = [
    { id: 'upload', href: '/studio/upload', label: 'upload.title', permission: 'upload music' },
    { id: 'jobs', href: '/studio/jobs', label: 'jobs.title', permission: 'see jobs' },
    { id: 'requests', href: '/studio/requests', label: 'requests.section', permission: 'answer requests' },
    { id: 'users', href: '/studio/users', label: 'users.title', permission: 'see users' }
  ]
  return all.filter(({ permission }) => may(permission))
}
