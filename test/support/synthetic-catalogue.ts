import { createHash } from 'node:crypto'
import type { Database } from '../../src/platform/database/database.ts'
import { normalise, searchTokens } from '../../src/catalog/normalise.ts'

/** A document of an invented archive; the more popular, the more often it is asked for. */
export interface SyntheticDocument {
  readonly kind: 1 | 2 | 3
  readonly id: string
  readonly title: string
  readonly artist: string
  readonly album: string
  readonly rank: number
}
export interface GoldenQuery {
  readonly class: GoldenClass
  readonly text: string
  /** What the listener means; a document of the same kind, title and artist is as good. */
  readonly target: SyntheticDocument
}
export type GoldenClass = 'exact' | 'prefix' | 'word order' | 'accents and case' | 'typo' | 'artist and title' | 'unspaced script' | 'rejoined'

const common = 'love night heart dream time rain blue light summer fire moon river dance girl home world day star road wild golden lonely sweet broken midnight shadow river sugar black white red silver electric velvet paper glass winter ocean mountain highway angel devil baby morning sunday city street thunder stone garden mirror window diamond honey ghost echo storm horizon letter promise whisper fever gravity paradise carousel bohemian rhapsody symphony nocturne prelude overture sonata concerto'.split(' ')
const accented = 'corazón canção coração saudade mañana niña señora über für schön straße mädchen köln déjà été forêt naïve café château élan rêve čas žena łódź świat gród søster kærlighed fjörður ævi ást'.split(' ')
const filler = ['the', 'of', 'in', 'my', 'you', 'and', 'to', 'a', 'me', 'on', 'la', 'de']
const unspaced = ['愛', '心', '夢', '空', '花', '月', '夜', '星', '海', '風', '光', '雨', '雪', '春', '夏', '秋', '冬', '東', '京', '恋', '涙', '声', '道', '明', '日', '色', '青', '赤', '白', '黒', '神', '話', '旅', '路', '街', '駅', '歌', '踊', '笑', '顔', '手', '紙', '約', '束', '永', '遠', '希', '望', '未', '来', '사', '랑', '그', '대', '하', '늘', '바', '람', '눈', '물', 'ア', 'イ', 'ラ', 'ブ', 'ス', 'タ', 'ー']
const suffixes = ['', '', '', '', '', '', ' (Live)', ' (Remix)', ' - Remastered 2011', ' (Acoustic)', ' No. 4', ' Pt. 2', ' 1999']
const syllables = 'ba be bi bo bra ca cel cor da del di dor el en fa fer fi fo ga gen gi gra ha hel hin jo ka ken ki la len lin lo ma mar mel mi mon na nel ni no or pa per pin po ra ren ri ro sa sel sha sto ta ter ti tor ul van vel vi vo wa wel win ya zen'.split(' ')
const letters = 'abcdefghijklmnopqrstuvwxyz'

export type Random = () => number

/** mulberry32: the same archive at every run. */
export function createRandom (seed: number): Random {
  let state = seed | 0
  return () => {
    state = state + 0x6D2B79F5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4_294_967_296
  }
}

/** Low indexes far more often than high ones, as words and songs are. */
function zipf (random: Random, count: number): number {
  return Math.min(count - 1, Math.floor(Math.pow(count + 1, random()) - 1))
}

function pick<T> (random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

function inventWords (random: Random, count: number): string[] {
  const words = new Set([...common, ...accented])
  while (words.size < count) words.add(Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(random, syllables)).join(''))
  return [...words]
}

/** An archive of about `tracks` tracks, a fifth as many albums and a tenth as many artists. */
export function inventCatalogue (tracks: number, seed = 1): SyntheticDocument[] {
  const random = createRandom(seed)
  const words = inventWords(random, Math.max(1_000, Math.min(60_000, Math.round(tracks / 10))))
  const word = () => words[zipf(random, words.length)] ?? ''
  const foreign = () => Array.from({ length: 2 + Math.floor(random() * 4) }, () => pick(random, unspaced)).join('')
  const title = () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => random() < 0.15 ? pick(random, filler) : word()).map(capital).join(' ')
  const named = (local: boolean) => local ? foreign() : title() + pick(random, suffixes)
  const artists = Array.from({ length: Math.ceil(tracks / 10) }, () => {
    const local = random() < 0.1
    const name = local ? foreign() : random() < 0.3 ? `The ${capital(word())}s` : `${capital(pick(random, words))} ${capital(pick(random, words))}`
    return { local, name, fame: Math.pow(random(), 6) }
  })
  const documents: SyntheticDocument[] = []
  const add = (kind: 1 | 2 | 3, text: { title: string, artist: string, album: string }, rank: number) => {
    const id = createHash('sha256').update(`${seed} ${documents.length}`).digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
    documents.push({ kind, id, ...text, rank: Math.round(rank) })
  }
  for (const { name, local, fame } of artists) {
    add(1, { title: name, artist: name, album: '' }, 300_000 * fame + 2)
    for (let album = 0; album < 2; album++) {
      const albumTitle = named(local)
      add(2, { title: albumTitle, artist: name, album: albumTitle }, 100_000 * fame * random() + 1)
      for (let track = 0; track < 5; track++) add(3, { title: named(local), artist: name, album: albumTitle }, 60_000 * fame * random() ** 2)
    }
  }
  return documents
}

/** Questions about what is asked for, the popular more often; of each class the same number. */
export function inventQueries (documents: readonly SyntheticDocument[], perClass: number, seed = 2): GoldenQuery[] {
  const random = createRandom(seed)
  const byRank = [...documents].sort((a, b) => b.rank - a.rank)
  const classes: GoldenClass[] = ['exact', 'prefix', 'word order', 'accents and case', 'typo', 'artist and title', 'unspaced script', 'rejoined']
  return classes.flatMap((name) => {
    const queries: GoldenQuery[] = []
    while (queries.length < perClass) {
      const target = byRank[zipf(random, byRank.length)]
      const text = target === undefined ? undefined : ask[name](random, target)
      if (target !== undefined && text !== undefined) queries.push({ class: name, text, target })
    }
    return queries
  })
}

const isUnspaced = (text: string) => unspaced.some((character) => text.includes(character))
const latinWords = (text: string) => isUnspaced(text) ? [] : normalise(text).split(' ')

/** How a listener puts it, or undefined where the document has nothing of the kind. */
const ask: Record<GoldenClass, (random: Random, target: SyntheticDocument) => string | undefined> = {
  exact: (_random, { title }) => title,
  prefix (random, { title }) {
    const text = normalise(title)
    return text.length < 9 || isUnspaced(title) ? undefined : text.slice(0, 7 + Math.floor(random() * (text.length - 7)))
  },
  'word order' (_random, { title }) {
    const words = latinWords(title)
    return words.length < 3 ? undefined : [...words.slice(1), words[0]].join(' ') + ' '
  },
  'accents and case': (_random, { title }) => normalise(title) === title.toLowerCase() ? undefined : normalise(title).toUpperCase(),
  typo (random, { title, artist }) {
    const words = latinWords(title)
    const long = words.flatMap((word, index) => word.length >= 5 ? [index] : [])
    if (long.length === 0) return undefined
    const wrong = pick(random, long)
    const typed = words.slice(0, Math.max(wrong + 1, 3)).map((word, index) => index === wrong ? misspell(random, word) : word)
    return words.length === 1 && artist !== title ? `${artist} ${typed.join(' ')}` : typed.join(' ')
  },
  'artist and title' (_random, { kind, title, artist }) {
    return kind === 1 || isUnspaced(title + artist) ? undefined : `${artist.toLowerCase()} ${title.toLowerCase().split(' ').slice(0, 2).join(' ')}`
  },
  'unspaced script' (random, { title }) {
    const characters = [...title]
    return !isUnspaced(title) || characters.length < 2 ? undefined : characters.slice(0, 2 + Math.floor(random() * (characters.length - 1))).join('')
  },
  rejoined (_random, { title }) {
    const [first, second, third] = latinWords(title)
    return first === undefined || second === undefined || third !== undefined || first.length < 4 || second.length < 4 ? undefined : `${first}${second} `
  }
}

/** One slip of the fingers behind the first letter. */
function misspell (random: Random, word: string): string {
  const at = 1 + Math.floor(random() * (word.length - 2))
  const letter = letters.charAt(Math.floor(random() * letters.length))
  const slips = [
    word.slice(0, at) + letter + word.slice(at + 1),
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + letter + word.slice(at),
    word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2)
  ].filter((slip) => slip !== word)
  return pick(random, slips)
}

/** Writes the search documents and the vocabulary, with ranks and tiers, as the indexer and refreshTiers would. */
export async function loadDocuments ({ pool }: Pick<Database, 'pool'>, documents: readonly SyntheticDocument[]): Promise<void> {
  const ordered = [...documents].sort((a, b) => b.rank - a.rank)
  for (let start = 0; start < ordered.length; start += 5_000) {
    const rows = ordered.slice(start, start + 5_000).map(({ kind, id, title, artist, album, rank }, index) => {
      const text = [title, ...kind === 1 ? [] : [artist], ...kind === 3 ? [album] : []].join(' ')
      const place = start + index
      return { kind, ref_id: id, title: normalise(title), txt: normalise(text), tokens: searchTokens(text), rank, tier: place < 5_000 ? 0 : place < 40_000 ? 1 : place < 200_000 ? 2 : 3 }
    })
    await pool.query(`INSERT INTO search_doc (kind, ref_id, title, txt, tsv, rank, tier) SELECT kind, ref_id, title, txt, array_to_tsvector(tokens), rank, tier
      FROM jsonb_to_recordset($1::jsonb) AS d(kind smallint, ref_id uuid, title text, txt text, tokens text[], rank int, tier smallint)`, [JSON.stringify(rows)])
  }
  await pool.query('INSERT INTO search_term (term, frequency) SELECT word, ndoc FROM ts_stat(\'SELECT tsv FROM search_doc\') ORDER BY word')
  await pool.query('VACUUM ANALYZE search_doc')
  await pool.query('VACUUM ANALYZE search_term')
}

/** Where the answer stands among those of its kind: 1 is first, Infinity not at all. */
export function placeOf ({ target }: GoldenQuery, hits: ReadonlyArray<{ kind: number, id: string }>, byId: ReadonlyMap<string, SyntheticDocument>): number {
  const place = hits.filter(({ kind }) => kind === target.kind).findIndex(({ id }) => {
    const hit = byId.get(id)
    return id === target.id || (hit !== undefined && normalise(hit.title) === normalise(target.title) && hit.artist === target.artist)
  })
  return place < 0 ? Infinity : place + 1
}
