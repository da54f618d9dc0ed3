import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ImageBuild } from './root-file-system.ts'
import { run } from './run.ts'

const mebibyte = 2 ** 20
const sectorBytes = 512
/** https://learn.microsoft.com/windows/win32/debug/pe-format: where the header's address stands, and the time in the header. */
const peHeaderAddress = 0x3c
const linkTimeOffset = 8
const checksumOffset = 88
/** Fixed, so that two builds are the same; they tell partitions of one disk apart, and instances have one such disk. */
const ids = {
  disk: '0B1D4E2C-6C0E-4B7A-9B1F-0F2E5A7C3D01',
  esp: '0B1D4E2C-6C0E-4B7A-9B1F-0F2E5A7C3D02',
  root: '0B1D4E2C-6C0E-4B7A-9B1F-0F2E5A7C3D03',
  fat: '46524553'
}
/** The kernel reads as much of its command line from the image alone: nobody can change it at the boot loader. */
const commandLine = (console: string) =>
  `root=PARTUUID=${ids.root.toLowerCase()} rootfstype=squashfs ro console=${console} quiet loglevel=3 systemd.show_status=0 panic=10 rd.systemd.show_status=0`

/** Everything but /boot, which goes into the kernel image. */
export async function makeSquashfs ({ epochSeconds, workDir }: ImageBuild, rootDir: string): Promise<string> {
  const file = join(workDir, 'root.squashfs')
  await rm(file, { force: true })
  const env = { ...process.env }
  // mksquashfs takes the time from one place only.
  delete env.SOURCE_DATE_EPOCH
  await run('mksquashfs', [
    rootDir, file, '-comp', 'zstd', '-Xcompression-level', '9', '-b', '256K', '-mkfs-time', String(epochSeconds), '-all-time', String(epochSeconds),
    '-no-xattrs', '-noappend', '-reproducible', '-quiet', '-no-progress', '-wildcards', '-e', 'boot/*'
  ], { env })
  return file
}

/** Kernel, initial RAM disk and command line as one EFI program. */
export async function makeKernelImage ({ architecture, epochSeconds, workDir }: ImageBuild, rootDir: string): Promise<string> {
  const boot = join(rootDir, 'boot')
  const kernel = (await readdir(boot)).find((name) => name.startsWith('vmlinuz-'))
  if (kernel === undefined) throw new Error('the package of the kernel left none in /boot')
  const commandLineFile = join(workDir, 'cmdline')
  await writeFile(commandLineFile, commandLine(architecture.console))
  const file = join(workDir, 'freshet.efi')
  const sections = [
    ['.osrel', join(rootDir, 'usr/lib/os-release'), '0x20000'],
    ['.cmdline', commandLineFile, '0x30000'],
    ['.linux', join(boot, kernel), '0x2000000'],
    ['.initrd', join(boot, kernel.replace('vmlinuz-', 'initrd.img-')), '0x5000000']
  ] as const
  await run('objcopy', [...sections.flatMap(([name, from, at]) => ['--add-section', `${name}=${from}`, '--change-section-vma', `${name}=${at}`]), architecture.efiStub, file])
  await setLinkTime(file, epochSeconds)
  return file
}

/** objcopy writes the time of day into the header of the EFI program: the one thing that two builds would differ in. */
async function setLinkTime (file: string, epochSeconds: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const word = Buffer.alloc(4)
    await handle.read(word, 0, 4, peHeaderAddress)
    const header = word.readUInt32LE()
    word.writeUInt32LE(epochSeconds)
    await handle.write(word, 0, 4, header + linkTimeOffset)
    // The checksum counted the time of day; firmware looks at none, and 0 says that there is none.
    await handle.write(Buffer.alloc(4), 0, 4, header + checksumOffset)
  } finally {
    await handle.close()
  }
}

/** A GPT disk of two partitions: the EFI system partition with the kernel image, and the squashfs. */
export async function makeDisk (build: ImageBuild, { kernelImage, squashfs }: { kernelImage: string, squashfs: string }): Promise<string> {
  const { architecture, epochSeconds, workDir } = build
  const esp = join(workDir, 'esp.fat')
  const espBytes = roundUp((await stat(kernelImage)).size + 2 * mebibyte, 8 * mebibyte)
  await rm(esp, { force: true })
  await writeFile(esp, '')
  await truncate(esp, espBytes)
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds), TZ: 'UTC' }
  await run('mkfs.vfat', ['--invariant', '-i', ids.fat, '-n', 'ESP', esp], { env })
  await run('mmd', ['-i', esp, '::EFI', '::EFI/BOOT'], { env })
  await run('mcopy', ['-i', esp, kernelImage, `::EFI/BOOT/${architecture.efiName}`], { env })

  const rootBytes = roundUp((await stat(squashfs)).size, mebibyte)
  const disk = join(workDir, `freshet-${architecture.debian}.raw`)
  await rm(disk, { force: true })
  await writeFile(disk, '')
  await truncate(disk, espBytes + rootBytes + 2 * mebibyte)
  await run('sfdisk', ['--quiet', disk], { input: partitionTable(espBytes, rootBytes, architecture.rootPartitionType) })
  await copyInto(disk, esp, mebibyte)
  await copyInto(disk, squashfs, mebibyte + espBytes)
  await rm(esp)
  return disk
}

function partitionTable (espBytes: number, rootBytes: number, rootType: string): string {
  return [
    'label: gpt',
    `label-id: ${ids.disk}`,
    `start=${mebibyte / sectorBytes}, size=${espBytes / sectorBytes}, type=uefi, uuid=${ids.esp}, name=esp`,
    `start=${(mebibyte + espBytes) / sectorBytes}, size=${rootBytes / sectorBytes}, type=${rootType}, uuid=${ids.root}, name=root`,
    ''
  ].join('\n')
}

async function copyInto (disk: string, file: string, at: number): Promise<void> {
  const handle = await open(disk, 'r+')
  await pipeline(createReadStream(file), handle.createWriteStream({ start: at }))
}

export async function sha256Of (file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

function roundUp (value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
