import t from 'tap'
import { editDistance, oneEditAway } from '../../src/catalog/edit-distance.ts'
import { normalise, searchTokens, sortKey } from '../../src/catalog/normalise.ts'
import { refreshTiers } from '../../src/catalog/refresh-tiers.ts'
import type { SearchResult } from '../../src/catalog/schemas.ts'
import { findHits } from '../../src/catalog/search.ts'
import { indexDocuments, removeDocuments } from '../../src/catalog/search-index.ts'
import { parseQuery } from '../../src/catalog/search-terms.ts'
import { testApp } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf } from '../support/catalogue-client.ts'
import { testDatabase } from '../support/database.ts'
import { inventCatalogue, inventQueries, loadDocuments, placeOf } from '../support/synthetic-catalogue.ts'

t.test('two spellings of a name are one', async (t) => {
  const pairs = [
    ['Björk', 'BJORK'], ['Motörhead', 'motorhead'], ['Łódź', 'lodz'], ['Straße', 'strasse'], ['Ænima', 'aenima'], ['R.E.M.', 'REM'], ['B.B. King', 'BB King'],
    ['A$AP', 'asap'], ['P!nk', 'Pink'], ['Don’t', "Don't"], ['Simon & Garfunkel', 'Simon and Garfunkel'], ['ＡＢＣ', 'abc'], ['e\u0301', 'é'], ['İstanbul', 'istanbul'], ['AC/DC', 'ac dc'], ['x\0y', 'xy']
  ]
  for (const [one = '', other = ''] of pairs) t.equal(normalise(one), normalise(other), one)
  t.not(normalise('!!!'), normalise('÷'), 'names of signs stay apart')
  t.equal(normalise('हिन्दी'), 'हिन्दी', 'vowel signs are no decoration')
  t.same(searchTokens('東京タワー Live'), ['東京', '京タ', 'タワ', 'ワー', 'ー', 'live'])
  t.same(searchTokens('L’amour'), ['lamour', 'amour'])
})

t.test('names are ordered without leading articles and by the value of numbers', async (t) => {
  t.same(['The Beatles', 'A Tribe', 'Der Plan', 'The The', 'A-ha', 'Die Young', 'Los Angeles', 'A', 'The (Other)'].map(sortKey),
    ['beatles the', 'tribe a', 'plan der', 'the the', 'a ha', 'die young', 'los angeles', 'a', 'other the'])
  t.ok(sortKey('Opus 9') < sortKey('Opus 10'))
  t.ok(sortKey('x'.repeat(5_000)).length <= 200)
})

t.test('edits are insertions, deletions, substitutions and swaps of neighbours', async (t) => {
  t.same([editDistance('bohemian', 'bohemain', 2), editDistance('kitten', 'sitting', 3), editDistance('love', 'love', 1), editDistance('abcdef', 'zzzzzz', 2)], [1, 3, 0, Infinity])
  for (const word of ['lvoe', 'loe', 'lovve', 'lave', 'ove']) t.ok(oneEditAway(word).includes('love'), word)
  t.ok(oneEditAway('мсква').includes('москва'))
  t.ok(oneEditAway('love').every((variant) => editDistance('love', variant, 1) === 1))
})

t.test('a query is words of which the last may go on, and not too many', async (t) => {
  t.same(parseQuery('Hey Ju').terms.map(({ text, prefix }) => [text, prefix]), [['hey', false], ['ju', true]])
  t.same(parseQuery('hey jude ').terms.map(({ prefix }) => prefix), [false, false])
  t.equal(parseQuery('a b c d e f g h i j k l m n o p').terms.length, 12)
  t.ok(parseQuery('x'.repeat(10_000)).text.length <= 200)
})

t.test('search', async (t) => {
  const app = await testApp(t)
  const { db } = app
  const client = clientOf(app, await app.user('listener'))
  const search = async (q: string, limit = 20) => (await client.get<SearchResult>(`/search?limit=${limit}&q=${encodeURIComponent(q)}`)).body
  const titles = async (q: string) => (await search(q)).tracks.map(({ title }) => title)
  await seedAlbum(db, { title: 'Nights', artist: 'The Beagles', tracks: [{ title: 'Love' }, { title: 'Love Me Later', playCount: 50 }, { title: 'Bohemian Rhapsody' }, { title: 'Black Bird' }, { title: 'Sunflower' }] })
  await seedAlbum(db, { title: 'Love Songs', artist: 'Corazón Ñandú', tracks: [{ title: 'Canção do Mar' }, { title: 'Über den Wolken' }, { title: "100% 'Pure' \\ Joy_" }, { title: '東京タワー' }, { title: '💀' }] })
  await refreshTiers(db)

  await t.test('the exact title comes first, then titles that begin so, then the rest by plays', async (t) => {
    t.same((await titles('love')).slice(0, 2), ['Love', 'Love Me Later'])
    t.ok((await titles('love')).includes('Canção do Mar'), 'by its album')
  })
  await t.test('order, accents, case and blanks don’t matter', async (t) => {
    for (const q of ['rhapsody bohemian', 'BOHEMIAN', 'bohem rhap', 'beagles rhapsody', 'rhapsody nights']) t.ok((await titles(q)).includes('Bohemian Rhapsody'), q)
    for (const q of ['cancao', 'CANÇÃO mar', 'nandu cancao']) t.same(await titles(q), ['Canção do Mar'], q)
    t.same(await titles('uber wolken'), ['Über den Wolken'])
    t.same(await titles('blackbird'), ['Black Bird'])
    t.same(await titles('sun flower'), ['Sunflower'])
    t.same(await titles('京タ'), ['東京タワー'])
  })
  await t.test('misspelt words are understood, whole or half typed', async (t) => {
    for (const q of ['bohemain rhapsody', 'bohemian rapsody', 'bohemiam', 'bohem rhapsdy', 'behomian', 'rhapsodi']) t.ok((await titles(q)).includes('Bohemian Rhapsody'), q)
    t.same((await search('beegles')).artists.map(({ name }) => name), ['The Beagles'])
    t.same(await titles('zzzzqqqq'), [])
    t.same(await titles('lovx qqqqqqq'), await titles('lovx'), 'a word that nothing is like is left out')
  })
  await t.test('artists, albums and playlists are found beside tracks', async (t) => {
    const other = clientOf(app, await app.user('listener'))
    await other.send('POST', '/playlists', { name: 'Love to share', visibility: 'shared' })
    await other.send('POST', '/playlists', { name: 'Love in secret' })
    await client.send('POST', '/playlists', { name: 'My Löve' })
    const found = await search('lov')
    t.same(found.playlists.map(({ name }) => name).sort(), ['Love to share', 'My Löve'])
    t.same(found.albums.map(({ title }) => title), ['Love Songs'])
    t.same((await search('beagles')).artists.map(({ name }) => name), ['The Beagles'])
    t.equal((await search('love', 1)).tracks.length, 1)
  })
  await t.test('odd queries are safe and quick', async (t) => {
    t.same(await titles("100% 'pure'"), ["100% 'Pure' \\ Joy_"])
    t.same(await titles('💀'), ['💀'])
    const odd = ['%', '_', "'", '\\', ':', '!', '&', '|', ':*', '()', "a' | 'b", 'a:*', '<->', 'x\0y', '\ud800', '🎵🎶', '% %', "\\'", ' ', '', '%'.repeat(10_000), 'love '.repeat(2_000), 'ab'.repeat(5_000), '東'.repeat(3_000)]
    for (const q of odd) {
      const began = performance.now()
      const { status } = await client.get(`/search?q=${encodeURIComponent(q.toWellFormed())}`)
      t.ok((status === 200 || q.length > 1_000) && status < 500, `${status} ${JSON.stringify(q.slice(0, 20))}`)
      t.ok(performance.now() - began < 3_000, 'quick')
    }
    t.equal((await client.get('/search?q=a&limit=51')).status, 400)
  })
  await t.test('what is withdrawn or renamed leaves the index, and its words count no more', async (t) => {
    const { trackIds, albumId } = await seedAlbum(db, { title: 'Ephemera', artist: 'Fleeting', tracks: [{ title: 'Xylophonic' }, { title: 'Stayer' }] })
    const [id = ''] = trackIds
    t.same(await titles('xylophonic'), ['Xylophonic'])
    await db.prisma.$transaction((tx) => removeDocuments(tx, [id]))
    t.same(await titles('xylophonic'), [])
    await refreshTiers(db)
    const { rows } = await db.pool.query("SELECT frequency FROM search_term WHERE term = 'xylophonic'")
    t.same(rows, [{ frequency: 0 }])
    await db.prisma.$transaction(async (tx) => {
      await tx.track.update({ where: { id }, data: { title: 'Marimbaic' } })
      await indexDocuments(tx, [{ kind: 'track', id }, { kind: 'album', id: albumId }])
    })
    t.same([await titles('marimbaic'), await titles('xylophonic')], [['Marimbaic'], []])
    await db.prisma.track.update({ where: { id }, data: { state: 'withdrawn' } })
    await db.prisma.$transaction((tx) => indexDocuments(tx, [{ kind: 'track', id }]))
    t.same(await titles('marimbaic'), [])
    t.equal((await db.pool.query('SELECT FROM search_doc WHERE ref_id = $1', [id])).rowCount, 0)
  })
  await t.test('plays lift a document, and its tier', async (t) => {
    const { trackIds } = await seedAlbum(db, { title: 'Sunny', artist: 'S', tracks: [{ title: 'Sun One' }, { title: 'Sun Two' }] })
    await db.prisma.track.update({ where: { id: trackIds[1] ?? '' }, data: { playCount: 99 } })
    const tier = async () => (await db.pool.query<{ tier: number }>('SELECT tier FROM search_doc WHERE ref_id = $1', [trackIds[1]])).rows[0]?.tier
    t.equal(await tier(), 3)
    await refreshTiers(db)
    t.equal(await tier(), 0)
    t.same(await titles('sun'), ['Sun Two', 'Sun One', 'Sunflower'])
  })
  await t.test('a publication counts its words, and waits for none that another one counts', async (t) => {
    const frequency = async () => (await db.pool.query<{ frequency: number }>("SELECT frequency FROM search_term WHERE term = 'ubiquitous'")).rows[0]?.frequency
    await seedAlbum(db, { title: 'One', artist: 'U', tracks: [{ title: 'Ubiquitous' }] })
    await seedAlbum(db, { title: 'Two', artist: 'U', tracks: [{ title: 'Ubiquitous too' }, { title: 'Also ubiquitous' }] })
    t.equal(await frequency(), 3)
    const client = await db.pool.connect()
    await client.query("BEGIN; UPDATE search_term SET frequency = frequency + 1 WHERE term = 'ubiquitous'")
    await seedAlbum(db, { title: 'Three', artist: 'U', tracks: [{ title: 'Ubiquitous again' }] })
    await client.query('COMMIT')
    client.release()
    t.equal((await search('ubiquitous')).tracks.length, 4)
    await refreshTiers(db)
    t.equal(await frequency(), 4)
  })
  await t.test('parallel publications with the same words neither wait in a ring nor lose one', async (t) => {
    await Promise.all(Array.from({ length: 16 }, (_, n) => seedAlbum(db, { title: `The Flood Wave ${n}`, artist: `Flood ${n} the Wave`, tracks: [{ title: `the wave of flood ${n}` }, { title: `flood ${15 - n} the wave` }] })))
    t.equal((await search('flood wave', 50)).albums.length, 16)
    await refreshTiers(db)
    const { rows } = await db.pool.query("SELECT frequency FROM search_term WHERE term = 'flood'")
    t.same(rows, [{ frequency: 64 }])
  })
})

t.test('of the golden set nearly everything is found among the first ten', async (t) => {
  const db = await testDatabase(t)
  const documents = inventCatalogue(3_000)
  const byId = new Map(documents.map((document) => [document.id, document]))
  await loadDocuments(db, documents)
  const places = new Map<string, number[]>()
  for (const query of inventQueries(documents, 60)) {
    const { hits } = await findHits(db, parseQuery(query.text), 20)
    places.set(query.class, [...places.get(query.class) ?? [], placeOf(query, hits, byId)])
  }
  for (const [name, found] of places) {
    const hit = found.filter((place) => place <= 10).length / found.length
    const reciprocal = found.reduce((sum, place) => sum + (place <= 10 ? 1 / place : 0), 0) / found.length
    t.comment(`${name}: hit@10 ${hit.toFixed(3)}, MRR@10 ${reciprocal.toFixed(3)}`)
    t.ok(hit >= (name === 'typo' ? 0.85 : 0.9), `${name} hit@10`)
    t.ok(reciprocal >= 0.85, `${name} MRR@10`)
  }
})
