import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { copyAppTree } from './app-tree.ts'
import type { Architecture } from './architecture.ts'
import { placeNode } from './node-release.ts'
import { run } from './run.ts'

/** What a build starts from, so that two builds with the same are the same. */
export interface ImageBuild {
  readonly architecture: Architecture
  /** Every file's time: that of the commit. Seconds. */
  readonly epochSeconds: number
  readonly workDir: string
  /** A file in apt's own format that says where Debian's packages come from. */
  readonly aptSources: string
}

const suite = 'bookworm'
const units = ['freshet-data', 'freshet-settings', 'freshet-logs', 'freshet-web', 'freshet-worker', 'systemd-networkd', 'systemd-timesyncd']
/** Nobody signs in at a console or over the network, and nothing changes by itself: an update is a new image. */
const masked = [
  'getty.target', 'getty@tty1.service', 'serial-getty@.service', 'console-getty.service', 'systemd-ask-password-wall.path', 'systemd-ask-password-console.path',
  'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'e2scrub_reap.service', 'fstrim.timer', 'systemd-pcrphase.service',
  'systemd-pcrphase-sysinit.service', 'systemd-hwdb-update.service', 'systemd-firstboot.service', 'systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service',
  'systemd-machine-id-commit.service', 'systemd-boot-update.service', 'systemd-rfkill.socket', 'getty-static.service', 'modprobe@drm.service'
]

/** Where apt finds Debian on this machine: IMAGE_APT_SOURCES, or the machine's own. */
export async function aptSourcesFile (): Promise<string> {
  const candidates = process.env.IMAGE_APT_SOURCES === undefined ? ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'] : [process.env.IMAGE_APT_SOURCES]
  for (const file of candidates) {
    if ((await stat(file).catch(() => undefined))?.size) return file
  }
  throw new Error(`no list of Debian’s packages at ${candidates.join(' or ')}: set IMAGE_APT_SOURCES to a file in the format of sources.list(5)`)
}

/** Debian's packages as a tar: the same packages make the same bytes. */
export async function debootstrap ({ architecture, epochSeconds, aptSources }: ImageBuild, tar: string): Promise<void> {
  const packages = (await listed('packages.txt')).map((line) => line.replaceAll('@ARCH@', architecture.debian))
  const aptOptions = ['Apt::Install-Recommends "false"', ...await ownAptOptions()]
  await run('mmdebstrap', [
    '--variant=minbase', '--mode=root', '--format=tar', `--architectures=${architecture.debian}`,
    ...aptOptions.map((option) => `--aptopt=${option}`), `--include=${packages.join(',')}`, suite, tar, aptSources
  ], { env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds), LC_ALL: 'C' } })
}

/** A proxy or an old snapshot that this machine's apt is set up for holds for the image's too, while it is built. */
async function ownAptOptions (): Promise<string[]> {
  const dump = await run('apt-config', ['dump', '--format', '%f "%v"%n'])
  return dump.split('\n').filter((line) => /^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) /.test(line))
}

/** Unpacks Debian and puts ours on top. @returns the folder that becomes the root */
export async function assembleRoot (build: ImageBuild, tar: string): Promise<string> {
  const target = join(build.workDir, 'root')
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  await run('tar', ['-xpf', tar, '-C', target, '--numeric-owner', '--exclude=./dev/*'])
  await cp(join(import.meta.dirname, 'root'), target, { recursive: true })
  await run('systemd-sysusers', [`--root=${target}`])
  await placeNode(build.architecture, join(target, 'opt/freshet/node'))
  await copyAppTree(join(target, 'opt/freshet/app'))
  await placeScript('instance-settings', join(target, 'opt/freshet/image'))
  await configure(target)
  await run('chroot', [target, 'update-initramfs', '-u'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SOURCE_DATE_EPOCH: String(build.epochSeconds), LC_ALL: 'C' } })
  await leaveOut(build.architecture, target)
  await secure(target)
  return target
}

/** Our own scripts are TypeScript; the image runs them as plain modules, which start sooner. */
async function placeScript (name: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const source = await readFile(join(import.meta.dirname, `${name}.ts`), 'utf8')
  await writeFile(join(dir, `${name}.mjs`), stripTypeScriptTypes(source))
}

async function configure (target: string): Promise<void> {
  await run('systemctl', [`--root=${target}`, 'enable', ...units])
  await run('systemctl', [`--root=${target}`, 'mask', ...masked])
  await run('systemctl', [`--root=${target}`, 'set-default', 'multi-user.target'])
  await writeFile(join(target, 'etc/hostname'), 'freshet\n')
  await writeFile(join(target, 'etc/hosts'), '127.0.0.1 localhost freshet\n::1 localhost\n')
  await writeFile(join(target, 'etc/fstab'), '')
  // Empty: every instance makes its own when it starts.
  await writeFile(join(target, 'etc/machine-id'), '')
  for (const dir of ['var/lib/freshet', 'var/lib/freshet-logs']) await mkdir(join(target, dir), { recursive: true })
  await run('chown', ['990:990', join(target, 'var/lib/freshet')])
}

async function leaveOut (architecture: Architecture, target: string): Promise<void> {
  for (const line of await listed('left-out.txt')) {
    await rm(join(target, line.replaceAll('@MULTIARCH@', architecture.multiarch)), { recursive: true, force: true })
  }
  for (const place of ['var/log', 'var/tmp', 'tmp', 'run']) {
    for (const child of await readdir(join(target, place))) await rm(join(target, place, child), { recursive: true, force: true })
  }
  for (const dir of ['var/log/journal', 'var/cache/ldconfig']) await rm(join(target, dir), { recursive: true, force: true })
}

/** Nobody on an instance becomes root: no program may change its user, and no account has a password or a shell. */
async function secure (target: string): Promise<void> {
  await run('find', [target, '-xdev', '-type', 'f', '-perm', '/6000', '-exec', 'chmod', 'a-s', '{}', '+'])
  await run('chroot', [target, 'usermod', '--lock', '--shell', '/usr/sbin/nologin', 'root'])
  for (const backup of ['passwd-', 'shadow-', 'group-', 'gshadow-', '.pwd.lock']) await rm(join(target, 'etc', backup), { force: true })
  await chmod(join(target, 'usr/lib/freshet/mount-data'), 0o755)
}

async function listed (file: string): Promise<string[]> {
  const lines = (await readFile(join(import.meta.dirname, file), 'utf8')).split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}
