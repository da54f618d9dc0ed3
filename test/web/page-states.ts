import type { Page } from 'playwright-core'
import { testPassword, type TestApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'

const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'
/** Light, evening, water: from right to left. */
const [light, evening, water] = ['ضوء', 'مساء', 'مياه']

export interface Stage { readonly server: TestApp, readonly url: string, readonly ada: TestUser, readonly ids: Ids, readonly page: Page }
interface Ids { readonly album: string, readonly endless: string, readonly endlessArtist: string, readonly arabic: string, readonly artist: string, readonly genre: string, readonly playlist: string, readonly empty: string, readonly track: string }
/** A page in one of its states. Paths are gone to within the client; `open` does the rest. */
export interface State {
  readonly name: string
  readonly path?: (ids: Ids) => string
  readonly open?: (stage: Stage) => Promise<void>
  /** Puts things back for the next state. */
  readonly close?: (stage: Stage) => Promise<void>
  /** Looked at in these widths as well, CSS pixels. */
  readonly narrow?: readonly number[]
}

export async function send<T = { id: string }> (server: TestApp, user: TestUser, [method, url, payload]: readonly ['POST' | 'PUT', string, object?]): Promise<T> {
  const { status, body } = await server.as(user, { method, url: `/api${url}`, ...payload !== undefined && { payload } })
  if (status >= 400) throw new Error(`${method} ${url} answered ${status}: ${JSON.stringify(body)}`)
  return body as T
}

/** A library in which every page has something to show, and its admin. */
export async function furnish (server: TestApp): Promise<{ ada: TestUser, ids: Ids }> {
  const { db } = server
  const ada = await server.user('admin', 'ada')
  const songs = Array.from({ length: 9 }, (_, n) => ({ title: n === 4 ? long : `Song ${n + 1}`, genres: ['Jazz'], discNo: n < 5 ? 1 : 2 }))
  const { albumId, artistId, trackIds } = await seedAlbum(db, { title: 'Weir', artist: 'The Weir Ensemble', year: 2020, tracks: songs })
  const endless = await seedAlbum(db, { title: `${long} ${long}`, artist: long.repeat(2), tracks: [{ title: long.repeat(2) }, { title: 'Short' }] })
  const arabic = await seedAlbum(db, { title: light, artist: water, tracks: [{ title: evening }] })
  for (const letter of 'bdf') await seedAlbum(db, { title: `${letter} side`, artist: `${letter} band`, tracks: [{ title: `${letter} tune` }] })
  const [track = ''] = trackIds
  const lines = Array.from({ length: 6 }, (_, i) => ({ atMs: i * 5_000, text: `Line ${i}` }))
  await db.prisma.lyrics.create({ data: { trackId: track, text: lines.map(({ text }) => text).join('\n'), synced: lines } })
  const genre = await db.prisma.genre.findFirstOrThrow()
  const playlist = await send(server, ada, ['POST', '/playlists', { name: 'Morning', trackIds }])
  const empty = await send(server, ada, ['POST', '/playlists', { name: 'Still empty' }])
  await send(server, ada, ['PUT', `/favorites/track/${track}`])
  await send(server, ada, ['PUT', `/tracks/${track}/rating`, { stars: 4 }])
  await send(server, ada, ['POST', '/plays', { id: crypto.randomUUID(), trackId: trackIds[3], startedAt: new Date(server.clock.now.getTime() - 60_000).toISOString(), playedMs: 50_000 }])
  await send(server, ada, ['POST', '/requests', { title: 'Undertow', artist: 'Pier Nine' }])
  await send(server, ada, ['POST', '/users', { username: 'lis', password: testPassword, role: 'listener', displayName: 'Lis' }])
  await db.prisma.upload.createMany({
    data: ['rejected', 'published'].map((state) => ({ source: 'browser' as const, userId: ada.userId, relativePath: `${state}.flac`, sizeBytes: 9_000_000n, fingerprint: state, objectKey: `incoming/${state}`, partSizeBytes: 8_388_608n, state: state as 'rejected', ...state === 'rejected' && { reasonCode: 'NOT_AUDIO', reason: 'It is not a sound file.' } }))
  })
  return { ada, ids: { album: albumId, endless: endless.albumId, endlessArtist: endless.artistId, arabic: arabic.albumId, artist: artistId, genre: genre.id, playlist: playlist.id, empty: empty.id, track } }
}

const escape = async ({ page }: Stage): Promise<void> => { await page.keyboard.press('Escape'); await page.waitForFunction(() => document.querySelector('dialog, [role=menu]') === null) }
const at = (path: string) => (): string => path
/** Every page, as it is mostly. */
export const routes: readonly State[] = [
  { name: 'listen', path: at('/'), narrow: [390, 320] },
  { name: 'search', path: at('/search?q=weir'), narrow: [320] },
  { name: 'library', path: at('/library') },
  { name: 'albums', path: at('/library/albums'), narrow: [320] },
  { name: 'artists', path: at('/library/artists') },
  { name: 'tracks', path: at('/library/tracks'), narrow: [320] },
  { name: 'genres', path: at('/library/genres') },
  { name: 'favourites', path: at('/library/favourites') },
  { name: 'an album', path: (ids) => `/albums/${ids.album}`, narrow: [390, 320] },
  { name: 'an artist', path: (ids) => `/artists/${ids.artist}`, narrow: [320] },
  { name: 'a genre', path: (ids) => `/genres/${ids.genre}` },
  { name: 'playlists', path: at('/playlists'), narrow: [320] },
  { name: 'a playlist', path: (ids) => `/playlists/${ids.playlist}`, narrow: [390, 320] },
  { name: 'missing songs', path: at('/requests') },
  { name: 'kept music', path: at('/kept') },
  { name: 'settings', path: at('/account'), narrow: [390, 320] },
  { name: 'studio', path: at('/studio') },
  { name: 'upload', path: at('/studio/upload'), narrow: [320] },
  { name: 'rejected files', path: at('/studio/rejected') },
  { name: 'edit tags', path: (ids) => `/studio/edit?album=${ids.album}`, open: async ({ page }) => { await page.getByLabel('Year').waitFor() } },
  { name: 'edits', path: at('/studio/edits') },
  { name: 'health', path: at('/studio/health') },
  { name: 'audit log', path: at('/studio/audit') },
  { name: 'jobs', path: at('/studio/jobs') },
  { name: 'requests', path: at('/studio/requests') },
  { name: 'people', path: at('/studio/users') }
]
const press = (key: string, shown: string) => async ({ page }: Stage): Promise<void> => { await page.keyboard.press(key); await page.locator(shown).first().waitFor() }
const click = (name: string | RegExp, shown: string) => async ({ page }: Stage): Promise<void> => { await page.getByRole('button', { name }).first().click(); await page.locator(shown).first().waitFor() }
/** By the menu of the album whose page is open. */
const choose = (item: string, shown: string) => async ({ page }: Stage): Promise<void> => {
  await page.getByRole('button', { name: 'Actions for Song 1', exact: true }).click()
  await page.getByRole('menuitem', { name: item }).click()
  await page.locator(shown).first().waitFor()
}
/** What pages show besides, in an order in which one leads to the next. */
export const states: readonly State[] = [
  { name: 'names without end', path: (ids) => `/albums/${ids.endless}`, narrow: [390, 320] },
  { name: 'an artist whose name is without end', path: (ids) => `/artists/${ids.endlessArtist}`, narrow: [320] },
  { name: 'nothing found', path: at('/search?q=zzqqxx') },
  { name: 'an empty playlist', path: (ids) => `/playlists/${ids.empty}` },
  { name: 'no favourites', path: at('/library/favourites?kind=album') },
  { name: 'nothing to edit', path: at('/studio/edit') },
  { name: 'missing', path: at('/nowhere') },
  { name: 'the palette', open: press('Control+k', '[role=option]') },
  { name: 'results in the palette', open: async ({ page }) => { await page.keyboard.type('song'); await page.getByRole('option', { name: /^Song \d/ }).first().waitFor() }, close: escape, narrow: [320] },
  { name: 'the keys', open: press('?', 'dialog'), close: escape },
  { name: 'the account’s menu', open: click(/^Account of/, '[role=menu]'), close: escape },
  { name: 'a track’s menu', path: (ids) => `/albums/${ids.album}`, open: click('Actions for Song 1', '[role=menu]'), close: escape },
  { name: 'adding to a playlist', open: choose('Add to playlist', 'dialog li'), close: escape },
  { name: 'rating', open: choose('Rate…', 'dialog [type=radio]'), close: escape },
  { name: 'sharing', open: choose('Share a link', 'dialog form'), close: escape },
  {
    name: 'rows being chosen',
    open: async ({ page }) => { await page.locator('main .play').nth(1).focus(); await page.keyboard.press('Shift+ArrowDown'); await page.locator('main .box').first().waitFor() },
    close: async ({ page }) => { await page.keyboard.press('Escape'); await page.locator('main .box').first().waitFor({ state: 'detached' }) }
  },
  { name: 'a question', path: (ids) => `/playlists/${ids.empty}`, open: click('Delete', 'dialog .danger'), close: escape },
  { name: 'a new password for somebody', path: at('/studio/users'), open: async (stage) => { await click('More about Lis', '[role=menu]')(stage); await stage.page.getByRole('menuitem', { name: 'New password' }).click(); await stage.page.locator('dialog form').waitFor() }, close: escape },
  { name: 'deleting one’s account', path: at('/account'), open: click('Delete your account…', 'dialog'), close: escape },
  { name: 'something in the queue and a notice', path: (ids) => `/albums/${ids.album}`, open: async (stage) => { await choose('Add to queue', '.notice')(stage); await stage.page.getByRole('button', { name: /^Open the player/ }).waitFor() } },
  { name: 'the queue beside the page', open: click('Queue', 'aside .entry') },
  { name: 'the devices', open: click('Plays on', 'aside .devices section'), close: async ({ page }) => { await page.keyboard.press('q'); await page.locator('aside').waitFor({ state: 'detached' }) } },
  {
    name: 'the queue as a sheet',
    open: async (stage) => { await stage.page.setViewportSize({ width: 1000, height: 800 }); await click('Queue', 'dialog .entry')(stage) },
    close: async (stage) => { await escape(stage); await stage.page.setViewportSize({ width: 1280, height: 800 }) }
  },
  { name: 'sound options', open: click(/^Speed|^Sleep|^Sound/, 'dialog'), close: escape },
  { name: 'the full player', open: click(/^Open the player/, 'dialog [role=group]'), narrow: [390, 320] },
  { name: 'lyrics', open: click('Lyrics', 'dialog .lines button') },
  { name: 'credits', open: click('Credits', 'dialog dl'), close: escape },
  { name: 'names from right to left', path: (ids) => `/albums/${ids.arabic}`, open: async ({ page }) => { await page.getByRole('button', { name: 'Play', exact: true }).first().click(); await page.getByRole('button', { name: /^Open the player/ }).waitFor() }, narrow: [320] },
  { name: 'the full player, from right to left', open: click(/^Open the player/, 'dialog [role=group]'), narrow: [320], close: escape }
]
