import type { ChildProcess } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { FileOutcome } from '../../src/uploads/import-outcomes.ts'
import { type CliResult, freshet } from '../support/cli.ts'
import { testDatabase } from '../support/database.ts'
import { makePicture, makeSound } from '../support/media.ts'
import { temporaryFolder } from '../support/stores.ts'

// Killed workers leave leases that have to run out, and everything here encodes music.
t.setTimeout(600_000)

type TestDatabase = Awaited<ReturnType<typeof testDatabase>>

interface Place {
  readonly music: string
  readonly db: TestDatabase
  readonly env: NodeJS.ProcessEnv
  /** Imports with the worker in the same process; the outcomes are those of the report. */
  importMusic (...options: string[]): Promise<CliResult & { readonly outcomes: FileOutcome[] }>
}

async function place (t: Test): Promise<Place> {
  const folder = await temporaryFolder(t)
  const music = join(folder, 'music')
  const db = await testDatabase(t)
  const env = { DATA_DIR: join(folder, 'data'), DATABASE_URL: db.url }
  await mkdir(music)
  return {
    music,
    db,
    env,
    async importMusic (...options) {
      const report = join(folder, 'report.jsonl')
      const result = await freshet(['import', music, '--worker', '--report', report, ...options], { env })
      const lines = (await readFile(report, 'utf8')).split('\n').filter(Boolean)
      return { ...result, outcomes: lines.map((line) => JSON.parse(line) as FileOutcome) }
    }
  }
}

function counted (outcomes: readonly FileOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

/** What must hold after every import: a track an audio file, each with one set of renditions, nothing left to do. */
async function checkLibrary (t: Test, { db, env }: Place, tracks: number): Promise<void> {
  t.equal(await db.prisma.track.count({ where: { state: 'published' } }), tracks, `${tracks} tracks are published`)
  const { rows } = await db.pool.query('SELECT track_id, name FROM rendition GROUP BY track_id, name HAVING count(*) > 1')
  t.same(rows, [], 'each with one set of renditions')
  t.equal(await db.prisma.upload.count({ where: { state: { in: ['open', 'received'] } } }), 0, 'no upload is left in between')
  const fsck = await freshet(['fsck'], { env })
  t.match(fsck, { code: 0, stdout: 'All is well.\n' }, 'fsck is clean')
}

t.test('a tree of all sorts becomes a library, and a second run reads nothing again', async (t) => {
  const here = await place(t)
  const { music, db } = here
  const folders = ['Björk/Début', 'Bjo\u0308rk/De\u0301but (NFD)', '-dash', 'with blanks  and\nnewline', 'x'.repeat(200), '.hidden', '@eaDir']
  for (const folder of folders) await mkdir(join(music, folder), { recursive: true })
  const files = [
    'Björk/Début/01 Human.ogg', 'Bjo\u0308rk/De\u0301but (NFD)/02 Crying.flac', '-dash/-rf.mp3', 'with blanks  and\nnewline/a\tb.ogg', `${'x'.repeat(200)}/${'y'.repeat(200)}.ogg`, 'LOUD.WAV'
  ]
  for (const [index, file] of files.entries()) await makeSound(join(music, file), { seconds: 1 + index / 10, tags: { title: `Song ${index}` } })
  await makePicture(join(music, 'Björk/Début/Folder.PNG'))
  await copyFile(join(music, 'LOUD.WAV'), join(music, 'the same again.wav'))
  await copyFile(join(music, 'LOUD.WAV'), join(music, '.hidden/secret.wav'))
  await copyFile(join(music, 'LOUD.WAV'), join(music, '@eaDir/thumb.wav'))
  await copyFile(join(music, 'LOUD.WAV'), join(music, '._LOUD.WAV'))
  await writeFile(join(music, 'Thumbs.db'), 'x')
  await writeFile(join(music, 'notes.txt'), 'x')
  await symlink('..', join(music, '-dash/loop'))
  await symlink('/etc', join(music, 'outside'))

  const first = await here.importMusic()
  t.equal(first.code, 0, first.stdout + first.stderr)
  t.same(counted(first.outcomes), { published: 6, duplicate: 1 })
  t.match(first.stdout, /3 {2}not music, left alone: 2 symbolic links, 1 \.txt/)
  await checkLibrary(t, here, 6)
  const human = await db.prisma.upload.findFirstOrThrow({ where: { relativePath: 'music/Björk/Début/01 Human.ogg' }, include: { track: true } })
  t.type(human.track?.artworkId, 'string', 'the picture beside the file is its cover')
  t.equal(await db.prisma.track.count({ where: { artworkId: { not: null } } }), 1, 'and no other one’s')
  t.equal(await db.prisma.upload.count({ where: { relativePath: { contains: 'a\tb.ogg' } } }), 1)

  const readAt = () => Promise.all(files.map(async (file) => (await stat(join(music, file))).atimeMs))
  // Reading a file whose access time is older than its last change moves that time, on every usual mount.
  for (const file of files) await utimes(join(music, file), 0, (await stat(join(music, file))).mtimeMs / 1_000)
  const before = await readAt()
  const second = await here.importMusic()
  t.equal(second.code, 0)
  t.same(counted(second.outcomes), { unchanged: 7 })
  t.same(await readAt(), before, 'no file was read')
  t.equal(await db.prisma.upload.count(), 7)

  await rename(join(music, '-dash/-rf.mp3'), join(music, 'moved.mp3'))
  const third = await here.importMusic()
  t.same(counted(third.outcomes), { unchanged: 6, duplicate: 1 }, 'a moved file is known by its bytes')
  await checkLibrary(t, here, 6)
})

t.test('what is broken is named, fails the command, and is tried again only when asked or changed', async (t) => {
  const here = await place(t)
  const { music } = here
  await makeSound(join(music, 'good.ogg'), { seconds: 1 })
  await writeFile(join(music, 'noise.mp3'), 'this is no music')
  await writeFile(join(music, 'empty.flac'), '')
  const first = await here.importMusic()
  t.equal(first.code, 1)
  t.same(counted(first.outcomes), { published: 1, rejected: 2 })
  t.match(first.outcomes.find(({ path }) => path.endsWith('noise.mp3')), { outcome: 'rejected', reasonCode: 'NOT_AUDIO', reason: String })
  t.match(first.stdout, /rejected: .*noise\.mp3\n +\S.* \(NOT_AUDIO\)/)

  const uploads = await here.db.prisma.upload.count()
  const second = await here.importMusic()
  t.equal(second.code, 1, 'still not in the library')
  t.same(counted(second.outcomes), { unchanged: 1, rejected: 2 })
  t.equal(await here.db.prisma.upload.count(), uploads, 'but not tried again')

  await makeSound(join(music, 'noise.mp3'), { seconds: 1.5 })
  const third = await here.importMusic()
  t.same(counted(third.outcomes), { unchanged: 1, published: 1, rejected: 1 }, 'a mended file is')
  await here.importMusic('--retry-rejected')
  t.equal(await here.db.prisma.upload.count(), uploads + 2, 'and with --retry-rejected the other one too')
  await checkLibrary(t, here, 2)
})

t.test('a name that is not UTF-8 is reported with what to do about it', async (t) => {
  const here = await place(t)
  await writeFile(Buffer.concat([Buffer.from(join(here.music, 'caf')), Buffer.of(0xe9), Buffer.from('.mp3')]), 'x')
  const { code, outcomes } = await here.importMusic()
  t.equal(code, 1)
  t.match(outcomes, [{ outcome: 'failed', reasonCode: 'FILE_NAME_NOT_UTF8', reason: /convmv/ }])
})

t.test('a job that failed for the time being is tried again by the next run', async (t) => {
  const here = await place(t)
  // Long enough that it is killed before it is done.
  await makeSound(join(here.music, 'a.ogg'), { seconds: 30 })
  const stopped = await interruptAt(here, async () => await here.db.prisma.upload.count() === 1, 'SIGKILL')
  t.equal(stopped.code, null)
  await here.db.prisma.job.updateMany({ data: { state: 'failed', attempts: 3, errorCode: 'STORE_AWAY', lastError: 'the store was away' } })
  await here.db.prisma.upload.updateMany({ data: { reasonCode: 'STORE_AWAY', reason: 'the store was away' } })
  const again = await here.importMusic()
  t.equal(again.code, 0, again.stdout)
  t.same(counted(again.outcomes), { published: 1 })
  await checkLibrary(t, here, 1)
})

/** Runs the import and ends it as soon as `reached` says so. */
async function interruptAt ({ music, env }: Place, reached: () => Promise<boolean>, signal: NodeJS.Signals): Promise<CliResult> {
  let child: ChildProcess | undefined
  const run = freshet(['import', music, '--worker'], { env, onStart: (started) => { child = started } })
  const deadline = performance.now() + 60_000
  while (!await reached() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  child?.kill(signal)
  return await run
}

t.test('killed at any moment and run again: nothing twice, nothing lost', async (t) => {
  const here = await place(t)
  const { music, db } = here
  const count = 12
  for (let i = 0; i < count; i++) await makeSound(join(music, `${i}.wav`), { seconds: 2 + i / 5 })
  const moments: Array<() => Promise<boolean>> = [
    async () => await db.prisma.upload.count() > 0,
    async () => await db.prisma.job.count({ where: { state: 'running' } }) > 0,
    async () => await db.prisma.track.count({ where: { state: 'published' } }) >= 3
  ]
  for (const moment of moments) t.equal((await interruptAt(here, moment, 'SIGKILL')).code, null, 'killed')
  const published = await db.prisma.track.count({ where: { state: 'published' } })
  t.ok(published < count, `${published} of ${count} were there when it was killed last`)
  const last = await here.importMusic()
  t.equal(last.code, 0, last.stdout + last.stderr)
  t.equal(last.outcomes.length, count)
  t.equal(await db.prisma.upload.count(), count, 'no file was taken in twice')
  await checkLibrary(t, here, count)
})

t.test('Ctrl-C ends it in good order and says how to go on', async (t) => {
  const here = await place(t)
  for (let i = 0; i < 6; i++) await makeSound(join(here.music, `${i}.ogg`), { seconds: 10 + i / 10 })
  const stopped = await interruptAt(here, async () => await here.db.prisma.job.count({ where: { state: 'running' } }) > 0, 'SIGINT')
  t.equal(stopped.code, 130)
  t.match(stopped.stdout, 'Run the same command again to go on from here.')
  t.equal(await here.db.prisma.job.count({ where: { state: 'running' } }), 0, 'the jobs were given back')
  t.equal((await here.importMusic()).code, 0)
  await checkLibrary(t, here, 6)
})

t.test('a file that changes while it is read, or can’t be read, holds up nobody', { skip: process.getuid?.() === 0 && 'root reads everything' }, async (t) => {
  const here = await place(t)
  await makeSound(join(here.music, 'a.ogg'), { seconds: 1 })
  await makeSound(join(here.music, 'locked.ogg'), { seconds: 1.2 })
  await chmod(join(here.music, 'locked.ogg'), 0)
  const run = await here.importMusic()
  t.equal(run.code, 1)
  t.match(run.outcomes.find(({ path }) => path.endsWith('locked.ogg')), { outcome: 'failed', reasonCode: 'FILE_UNREADABLE' })
  t.same(counted(run.outcomes), { published: 1, failed: 1 })
  await chmod(join(here.music, 'locked.ogg'), 0o600)
  t.same(counted((await here.importMusic()).outcomes), { unchanged: 1, published: 1 })
})

t.test('a folder that is none is refused', async (t) => {
  const here = await place(t)
  await writeFile(join(here.music, 'a.txt'), 'x')
  t.match(await freshet(['import', join(here.music, 'nowhere')], { env: here.env }), { code: 1, stderr: /nowhere can’t be imported: ENOENT/ })
  t.match(await freshet(['import', join(here.music, 'a.txt')], { env: here.env }), { code: 1, stderr: /it is not a folder/ })
  t.match(await freshet(['import'], { env: here.env }), { code: 2, stderr: /name one folder/ })
})
