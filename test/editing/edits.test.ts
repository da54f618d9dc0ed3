import { execFileSync } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { EditableTrack } from '../../src/editing/schemas.ts'
import { testApp, type TestUser } from '../support/app.ts'
import { type SeedAlbum, seedAlbum } from '../support/catalogue.ts'
import { untilSomeoneWaits } from '../support/lock-wait.ts'
import { makePicture, makeSound } from '../support/media.ts'
import { ended, type Pipeline, upload, workIn } from '../support/pipeline.ts'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { temporaryFolder } from '../support/stores.ts'

const anotherEdit = '0a0a0a0a-0000-4000-8000-000000000001'

interface Edited { readonly changeSet: { readonly id: string, readonly itemCount: number, readonly fields: readonly string[] } | null }

t.test('a curator edits the catalogue', async (t) => {
  const app = await testApp(t)
  const { db } = app
  const dir = await temporaryFolder(t)
  const pipeline: Pipeline = { db, dir, store: app.store, queue: app.queue, ffmpeg: await findFfmpeg(undefined) }
  const [ada, bob, listener] = [await app.user('curator', 'ada'), await app.user('curator', 'bob'), await app.user('listener', 'lea')]
  const call = async <T>(user: TestUser, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object): Promise<{ status: number, body: T }> => {
    const { status, body } = await app.as(user, { method, url: `/api${url}`, ...(payload === undefined ? {} : { payload }) })
    return { status, body: body as T }
  }
  const patch = (groups: object[], user = ada) => call<Edited & { error: { code: string, message: string } }>(user, 'PATCH', '/tracks', { groups })
  const undo = (id: string | undefined, user = ada) => call<{ error: { code: string, message: string } }>(user, 'POST', `/edits/${id}/undo`, {})
  const redo = (id: string | undefined) => call<{ error: { code: string } }>(ada, 'POST', `/edits/${id}/redo`, {})
  const editable = async (query: object) => (await call<{ items: EditableTrack[] }>(ada, 'POST', '/tracks/editable', query)).body.items
  const found = async (q: string) => {
    const { body } = await call<Record<'tracks' | 'albums' | 'artists', Array<{ title?: string, name?: string }>>>(ada, 'GET', `/search?q=${encodeURIComponent(q)}`)
    return [...body.tracks, ...body.albums, ...body.artists].map(({ title, name }) => title ?? name)
  }
  /** Under the identity that the pipeline would give it. */
  const seed = async (album: SeedAlbum) => {
    const seeded = await seedAlbum(db, album)
    await db.prisma.album.update({ where: { id: seeded.albumId }, data: { identityKey: `name:${album.artist.toLowerCase()}\n${album.title.toLowerCase()}` } })
    return seeded
  }
  /** Everything that an edit may change, as rows. */
  const picture = async () => {
    const read = async (sql: string) => (await db.pool.query<object>(sql)).rows
    return {
      tracks: await read('SELECT id, title, sort_title, album_id, artist_credit, disc_no, disc_title, track_no, year FROM track ORDER BY id'),
      albums: await read('SELECT id, title, artist_credit, identity_key, year, label, track_count, duration_ms FROM album WHERE track_count > 0 ORDER BY id'),
      credits: await read('SELECT track_id, artist_id, role FROM track_artist ORDER BY 1, 3, 2'),
      albumCredits: await read('SELECT aa.album_id, aa.artist_id FROM album_artist aa JOIN album ON album.id = aa.album_id WHERE track_count > 0 ORDER BY 1, 2'),
      artists: await read('SELECT name, track_count, album_count FROM artist WHERE track_count > 0 ORDER BY name'),
      genres: await read('SELECT name, track_count FROM genre WHERE track_count > 0 ORDER BY name'),
      search: await read('SELECT kind, ref_id, title, txt FROM search_doc ORDER BY ref_id')
    }
  }

  t.test('many tracks at once, and search, counters and albums follow', async (t) => {
    const seeded = await seed({ title: 'Dawn', artist: 'Nori', year: 1999, tracks: [{ title: 'one', genres: ['Jazz'] }, { title: 'two' }, { title: 'three', genres: ['Jazz'] }] })
    const before = await picture()
    const { body } = await patch([{ albumId: seeded.albumId, set: { albumTitle: 'Dusk', albumArtist: 'Norinda', artists: [{ name: 'Norinda', role: 'main' }, { name: 'Guesting', role: 'featured' }], genres: ['Fusion'], year: 2004, label: 'Shore' } }])
    t.match(body.changeSet, { itemCount: 3, fields: ['credits', 'album', 'label', 'year', 'genres'] })
    const [track] = await editable({ albumIds: [seeded.albumId] })
    t.match(track, { albumId: seeded.albumId, albumTitle: 'Dusk', albumArtist: 'Norinda', artistCredit: 'Norinda feat. Guesting', year: 2004, label: 'Shore', genres: ['Fusion'] }, 'a whole album keeps its id')
    t.same((await found('dusk')).sort(), ['Dusk', 'one', 'three', 'two'])
    t.same(await found('dawn'), [])
    t.same((await found('nori')).sort(), ['Dusk', 'Norinda', 'one', 'three', 'two'], 'and not the artist without tracks')
    const after = await picture()
    t.match(after.albums.find((album) => 'id' in album && album.id === seeded.albumId), { year: 2004, label: 'Shore', track_count: 3 })
    t.match(after.artists, [{ name: 'Guesting', track_count: 3, album_count: 0 }, { name: 'Norinda', track_count: 3, album_count: 1 }])
    t.match(after.genres, [{ name: 'Fusion', track_count: 3 }])
    t.equal((await undo(body.changeSet?.id)).status, 200)
    t.same(await picture(), before, 'undone, everything is as it was')
    t.equal((await redo(body.changeSet?.id)).status, 200)
    t.same(await picture(), after, 'and done once more')
    t.match(await undo(body.changeSet?.id), { status: 200 })
    t.match(await undo(body.changeSet?.id), { status: 409, body: { error: { code: 'EDIT_UNDONE' } } })
  })

  t.test('some tracks of an album, which move to the album of that name and back', async (t) => {
    const from = await seed({ title: 'Box', artist: 'Mara', tracks: [{ title: 'a' }, { title: 'b' }] })
    const before = await picture()
    const { body } = await patch([{ tracks: [{ id: from.trackIds[1] }], set: { albumTitle: 'Single', trackNo: 1 } }])
    const [a, b] = await editable({ trackIds: from.trackIds })
    t.not(a?.albumId, b?.albumId)
    t.match((await picture()).artists.filter((artist) => 'name' in artist && artist.name === 'Mara'), [{ track_count: 2, album_count: 2 }])
    await undo(body.changeSet?.id)
    t.same(await picture(), before)
  })

  t.test('nobody overwrites another’s edit unseen', async (t) => {
    const { trackIds } = await seed({ title: 'Shared', artist: 'Olga', tracks: [{ title: 'song' }] })
    const [seen] = await editable({ trackIds })
    const first = await patch([{ tracks: [{ id: seen?.id, version: seen?.version }], set: { title: 'By Ada', year: 2001 } }])
    t.match(await patch([{ tracks: [{ id: seen?.id, version: seen?.version }], set: { title: 'By Bob' } }], bob), { status: 409, body: { error: { code: 'EDIT_OUTDATED' } } })
    const second = await patch([{ tracks: [{ id: seen?.id }], set: { title: 'By Bob' } }], bob)
    const refused = await undo(first.body.changeSet?.id)
    t.match(refused, { status: 409, body: { error: { code: 'EDIT_CONFLICT' } } })
    t.match(refused.body.error.message, 'The edit “By Bob” of')
    t.match((await editable({ trackIds }))[0], { title: 'By Bob', year: 2001 }, 'nothing of it is undone')
    t.equal((await undo(second.body.changeSet?.id)).status, 200)
    t.equal((await undo(first.body.changeSet?.id)).status, 200)
    t.match((await editable({ trackIds }))[0], { title: 'song', year: null, edited: [] })
  })

  t.test('a track that goes meanwhile stops the whole edit, and its undoing', async (t) => {
    const { trackIds: [stays = '', goes = ''] } = await seed({ title: 'Fading', artist: 'Quin', tracks: [{ title: 'here' }, { title: 'gone' }] })
    const seen = await editable({ trackIds: [stays, goes] })
    const versions = seen.map(({ id, version }) => ({ id, version }))
    const { body } = await patch([{ tracks: versions, set: { year: 1970 } }])
    const [fresh] = await editable({ trackIds: [stays] })
    t.match(await patch([{ tracks: [{ id: stays, version: fresh?.version }, ...versions.slice(1)], set: { year: 1980 } }], bob), { status: 409, body: { error: { code: 'EDIT_OUTDATED', message: /“gone”/ } } }, 'one that changed stops the others')
    await db.prisma.track.update({ where: { id: goes }, data: { state: 'withdrawn' } })
    t.match(await patch([{ tracks: [{ id: stays }, { id: goes }], set: { year: 1980 } }]), { status: 404, body: { error: { code: 'EDITED_TRACK_GONE', message: /^1 of the tracks/ } } })
    t.match(await undo(body.changeSet?.id), { status: 404, body: { error: { code: 'EDITED_TRACK_GONE' } } })
    t.match(await editable({ trackIds: [stays] }), [{ year: 1970 }], 'nothing of either is done')
    await db.prisma.track.update({ where: { id: goes }, data: { state: 'published' } })
    t.match(await undo(body.changeSet?.id), { status: 200 })
    t.match(await editable({ trackIds: [stays, goes] }), [{ year: null }, { year: null }])
  })

  t.test('albums become one, and are two again with all that listeners keep of them', async (t) => {
    const [one, two] = [await seed({ title: 'Sides A', artist: 'Rana', tracks: [{ title: 'a1' }, { title: 'a2' }] }), await seed({ title: 'Sides B', artist: 'Rana', tracks: [{ title: 'b1' }] })]
    await db.prisma.album.update({ where: { id: two.albumId }, data: { musicBrainzId: anotherEdit, identityKey: `musicbrainz:${anotherEdit}` } })
    for (const path of [`album/${one.albumId}`, `album/${two.albumId}`, `track/${two.trackIds[0]}`]) t.equal((await call(listener, 'PUT', `/favorites/${path}`)).status, 204)
    const { body: { id: listId } } = await call<{ id: string }>(listener, 'POST', '/playlists', { name: 'Both', trackIds: [...one.trackIds, ...two.trackIds] })
    const kept = async () => ({
      albums: (await call<{ items: Array<{ id: string, title: string, trackCount: number }> }>(listener, 'GET', '/favorites?kind=album')).body.items,
      tracks: (await call<{ items: Array<{ id: string }> }>(listener, 'GET', '/favorites?kind=track')).body.items.map(({ id }) => id),
      list: (await call<{ items: Array<{ track: { id: string, album: { id: string } } }> }>(listener, 'GET', `/playlists/${listId}/items`)).body.items.map(({ track }) => [track.id, track.album.id])
    })
    const [before, keptBefore] = [await picture(), await kept()]
    t.equal(keptBefore.albums.length, 2)
    const merged = await patch([{ albumId: one.albumId, set: { albumTitle: 'Both sides' } }, { albumId: two.albumId, set: { albumTitle: 'Both sides' } }])
    t.match(merged, { status: 200, body: { changeSet: { itemCount: 3 } } })
    const tracks = await editable({ albumIds: [one.albumId] })
    t.same(tracks.map(({ albumTitle }) => albumTitle), ['Both sides', 'Both sides', 'Both sides'], 'the larger one keeps its id')
    t.same((await kept()).list.map(([, albumId]) => albumId), [one.albumId, one.albumId, one.albumId])
    t.same((await kept()).tracks, keptBefore.tracks)
    const after = await picture()
    t.match(await undo(merged.body.changeSet?.id), { status: 200 })
    t.same(await picture(), before)
    t.same(await kept(), keptBefore)
    t.match(await redo(merged.body.changeSet?.id), { status: 200 })
    t.same(await picture(), after)
    await undo(merged.body.changeSet?.id)
  })

  t.test('an album given the name of the one MusicBrainz release that has it joins that, and leaves it again', async (t) => {
    const [release, stray] = [await seed({ title: 'Harbour', artist: 'Sol', tracks: [{ title: 'h1' }] }), await seed({ title: 'Quay', artist: 'Sol', tracks: [{ title: 'h2' }] })]
    const asRelease = (albumId: string, id: string) => db.prisma.album.update({ where: { id: albumId }, data: { musicBrainzId: id, identityKey: `musicbrainz:${id}` } })
    await asRelease(release.albumId, '0a0a0a0a-0000-4000-8000-000000000003')
    const before = await picture()
    const { body } = await patch([{ albumId: stray.albumId, set: { albumTitle: 'Harbour' } }])
    t.same((await editable({ trackIds: [...release.trackIds, ...stray.trackIds] })).map(({ albumId }) => albumId), [release.albumId, release.albumId])
    await undo(body.changeSet?.id)
    t.same(await picture(), before)
    const reissue = await seed({ title: 'Harbour', artist: 'Sol', tracks: [{ title: 'h1' }] })
    await asRelease(reissue.albumId, '0a0a0a0a-0000-4000-8000-000000000002')
    await db.prisma.albumAlias.deleteMany()
    await patch([{ albumId: stray.albumId, set: { albumTitle: 'Harbour' } }])
    t.same((await editable({ trackIds: stray.trackIds })).map(({ albumId }) => albumId), [stray.albumId], 'of two neither is meant')
  })

  t.test('with clear refusals', async (t) => {
    const { trackIds: [id] } = await seed({ title: 'Refused', artist: 'Pia', tracks: [{ title: 'x' }] })
    const tracks = [{ id }]
    t.match(await patch([{ tracks, set: { title: ' \u200b ' } }]), { status: 400, body: { error: { code: 'EDIT_INVALID' } } })
    t.match(await patch([{ tracks, set: { artists: [{ name: 'Q', role: 'featured' }] } }]), { status: 400, body: { error: { code: 'EDIT_INVALID' } } })
    t.match(await patch([{ tracks, set: { year: 12 } }]), { status: 400, body: { error: { code: 'INVALID_REQUEST' } } })
    t.match(await patch([{ set: { year: 2000 } }]), { status: 400, body: { error: { code: 'EDIT_UNCLEAR' } } })
    t.match(await patch([{ tracks, set: { year: 2000 } }, { tracks, set: { year: 2001 } }]), { status: 400, body: { error: { code: 'EDIT_UNCLEAR' } } })
    t.match(await patch([{ tracks: [{ id: '00000000-0000-7000-8000-000000000000' }], set: { year: 2000 } }]), { status: 404, body: { error: { code: 'EDITED_TRACK_GONE' } } })
    t.match(await patch([{ tracks, set: { year: 2000 } }], listener), { status: 403 })
    t.match((await patch([{ tracks, set: { title: 'x' } }])).body, { changeSet: null }, 'what differs in nothing is no edit')
  })

  t.test('400 tracks in seconds', async (t) => {
    const { albumId } = await seed({ title: 'Archive', artist: 'Radio', tracks: Array.from({ length: 400 }, (_, i) => ({ title: `part ${i}` })) })
    const startedAt = performance.now()
    const { body } = await patch([{ albumId, set: { genres: ['Talk', 'News'], year: 1987, albumTitle: 'The archive' } }])
    t.equal(body.changeSet?.itemCount, 400)
    t.comment(`400 tracks: ${Math.round(performance.now() - startedAt)} ms`)
    t.equal((await undo(body.changeSet?.id)).status, 200)
    t.ok(performance.now() - startedAt < 30_000)
  })

  t.test('and no file of the track undoes that', async (t) => {
    await workIn(t, pipeline)
    const tags = { title: 'Raw', artist: 'Uma', album: 'Tape', album_artist: 'Uma', track: '1', date: '1990' }
    const first = await makeSound(join(dir, 'first.flac'), { seconds: 1.3, tags })
    const { trackId } = await ended(pipeline, await upload(pipeline, { path: first, relativePath: 'Uma/Tape/01.flac' }))
    const { body } = await patch([{ tracks: [{ id: trackId }], set: { title: 'Polished', albumTitle: 'Master', year: 1991 } }])
    const [edited] = await editable({ trackIds: [trackId] })

    t.test('same sound, other tags', async (t) => {
      const again = join(dir, 'again.flac')
      execFileSync(pipeline.ffmpeg.path, ['-nostdin', '-loglevel', 'error', '-i', first, '-c', 'copy', '-metadata', 'title=Raw II', '-metadata', 'genre=Noise', again])
      const retagged = await ended(pipeline, await upload(pipeline, { path: again, relativePath: 'Uma/Tape/01.flac' }))
      t.match(retagged, { state: 'published', trackId })
      t.match((await editable({ trackIds: [trackId] }))[0], { id: trackId, title: 'Polished', albumTitle: 'Master', albumId: edited?.albumId, year: 1991, genres: ['Noise'] }, 'what nobody edited follows the file')
      t.same(await found('polished'), ['Polished'])
    })

    t.test('a better source under the old names', async (t) => {
      const better = await makeSound(join(dir, 'better.flac'), { seconds: 1.3, sampleRate: 96_000, tags: { ...tags, title: 'Raw II' } })
      const replaced = await ended(pipeline, await upload(pipeline, { path: better, relativePath: 'Uma/Tape/01 Raw II.flac' }))
      t.match(replaced, { state: 'published', trackId })
      t.match((await editable({ trackIds: [trackId] }))[0], { title: 'Polished', fileName: '01 Raw II.flac' })
    })

    t.test('another song of the album goes to it by its old name', async (t) => {
      const next = await makeSound(join(dir, 'next.flac'), { seconds: 1.1, tags: { ...tags, title: 'Next', track: '2' } })
      const done = await ended(pipeline, await upload(pipeline, { path: next, relativePath: 'Uma/Tape/02.flac' }))
      t.equal((await editable({ trackIds: [done.trackId] }))[0]?.albumId, edited?.albumId)
    })

    t.test('undone, the newest file speaks', async (t) => {
      t.match(await undo(body.changeSet?.id), { status: 200 })
      t.match((await editable({ trackIds: [trackId] }))[0], { title: 'Raw II', year: 1990, edited: [] })
    })

    t.test('a picture from the browser hangs until it is taken down, and files don’t change it', async (t) => {
      const albumId = edited?.albumId ?? ''
      const path = await makePicture(join(dir, 'sleeve.png'), 640)
      const send = async (file: string, fileName: string) => {
        const { size } = await stat(file)
        const { body: ticket } = await call<{ id: string }>(ada, 'POST', `/albums/${albumId}/artwork`, { fileName, sizeBytes: size })
        const { body: { parts } } = await call<{ parts: Array<{ url: string, headers: Record<string, string> }> }>(ada, 'POST', `/uploads/${ticket.id}/parts`, { partNumbers: [1] })
        const put = await app.app.inject({ method: 'PUT', url: new URL(parts[0]?.url ?? '').pathname + new URL(parts[0]?.url ?? '').search, headers: { ...parts[0]?.headers }, payload: await readFile(file) })
        await call(ada, 'POST', `/uploads/${ticket.id}/complete`, { parts: [{ partNumber: 1, etag: String(put.headers.etag) }] })
        return await ended(pipeline, ticket.id)
      }
      const artwork = async () => (await db.prisma.album.findUniqueOrThrow({ where: { id: albumId } })).artworkId
      t.match(await send(path, 'sleeve.png'), { state: 'published' })
      const hung = await artwork()
      t.equal(await db.prisma.artworkImage.count({ where: { artworkId: hung ?? '' } }), 10, 'five sizes in WebP and AVIF')
      const withCover = await makeSound(join(dir, 'covered.flac'), { seconds: 1.2, tags: { ...tags, title: 'Third', track: '3' }, coverPath: await makePicture(join(dir, 'other.png'), 320) })
      await ended(pipeline, await upload(pipeline, { path: withCover, relativePath: 'Uma/Tape/03.flac' }))
      t.equal(await artwork(), hung)
      t.match(await send(first, 'sound.png'), { state: 'rejected', reasonCode: 'NOT_A_PICTURE' })
      t.equal(await artwork(), hung)
      t.match(await call(ada, 'POST', `/albums/${albumId}/artwork`, { fileName: 'a.gif', sizeBytes: 9 }), { status: 415 })
      t.match(await call(ada, 'POST', `/albums/${albumId}/artwork`, { fileName: 'a.png', sizeBytes: 10 ** 9 }), { status: 413 })
      app.clock.now = new Date()
      const removed = await call<Edited>(ada, 'DELETE', `/albums/${albumId}/artwork`)
      t.equal(await artwork(), null)
      await undo(removed.body.changeSet?.id)
      t.equal(await artwork(), hung)
      // Somebody hangs another at this moment: the undoing sees it once it is there.
      const hanging = await db.pool.connect()
      await hanging.query('BEGIN')
      await hanging.query('SELECT FROM album WHERE id = $1 FOR NO KEY UPDATE', [albumId])
      const late = redo(removed.body.changeSet?.id ?? '')
      await untilSomeoneWaits(db)
      await hanging.query("INSERT INTO change_set (id, kind, subject, item_count) VALUES ($1, 'artwork', 'x', 1)", [anotherEdit])
      await hanging.query("UPDATE artwork_edit SET change_set_id = $2 WHERE kind = 'album' AND item_id = $1", [albumId, anotherEdit])
      await hanging.query('COMMIT')
      t.match(await late, { status: 409, body: { error: { code: 'EDIT_CONFLICT' } } })
      t.equal(await artwork(), hung)
      await hanging.query("UPDATE artwork_edit SET change_set_id = (SELECT before_set_id FROM artwork_change WHERE change_set_id = $2) WHERE kind = 'album' AND item_id = $1", [albumId, removed.body.changeSet?.id])
      await hanging.query('DELETE FROM change_set WHERE id = $1', [anotherEdit])
      hanging.release()
      const { body: { items } } = await call<{ items: Array<{ id: string, kind: string, undoneAt: string | null }> }>(ada, 'GET', '/edits?limit=2')
      t.match(items, [{ kind: 'artwork' }, { kind: 'artwork', undoneAt: null }])
      await undo(items[1]?.id)
      t.not(await artwork(), hung, 'as before the picture came')
    })
  })
})
