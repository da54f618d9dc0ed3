import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** As the guest sees this machine: qemu's network is the link-local one, so that the metadata service has its address. */
export const hostAddress = '169.254.169.2'
const guestAddress = '169.254.169.15'
const metadataAddress = '169.254.169.254'
const firmware = '/usr/share/OVMF/OVMF_CODE_4M.fd'
const firmwareVariables = '/usr/share/OVMF/OVMF_VARS_4M.fd'

export interface GuestOptions {
  readonly disk: string
  readonly workDir: string
  /** Of the metadata double on loopback. */
  readonly metadataPort: number
  /** Of this machine, that leads to port 3000 of the guest. */
  readonly port: number
  readonly memoryMebibytes: number
  /** Gibibytes of a second, empty disk. */
  readonly dataVolumeGibibytes: number | undefined
}

export interface Guest {
  readonly process: ChildProcess
  /** What the kernel and, when something is wrong, the units wrote to the console. */
  console (): Promise<string>
  /** What EC2 does first to an instance that it ends: presses the button. Resolves when the machine is off. */
  pressPowerButton (withinMs: number): Promise<boolean>
  kill (): Promise<void>
}

/** Boots the disk in software emulation; nothing it writes to it is kept. */
export async function startGuest (options: GuestOptions): Promise<Guest> {
  const { workDir, disk, memoryMebibytes } = options
  const consoleFile = join(workDir, 'console.log')
  const monitor = join(workDir, 'monitor.sock')
  await copyFile(firmwareVariables, join(workDir, 'vars.fd'))
  await writeFile(consoleFile, '')
  const child = spawn('qemu-system-x86_64', [
    '-machine', 'q35,graphics=off', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', String(memoryMebibytes),
    '-display', 'none', '-monitor', 'none', '-serial', `file:${consoleFile}`, '-no-reboot', '-qmp', `unix:${monitor},server=on,wait=off`, '-nodefaults',
    '-drive', `if=pflash,format=raw,readonly=on,file=${firmware}`, '-drive', `if=pflash,format=raw,file=${join(workDir, 'vars.fd')}`,
    '-drive', `file=${disk},format=raw,if=none,id=root,snapshot=on`, '-device', 'nvme,serial=vol0,drive=root,bootindex=1',
    ...await dataVolume(options), ...network(options), '-device', 'virtio-rng-pci'
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    process: child,
    console: async () => said + await readFile(consoleFile, 'utf8'),
    async pressPowerButton (withinMs) {
      await commandMonitor(monitor, 'system_powerdown')
      return await Promise.race([ended.then(() => true), sleep(withinMs, false, { ref: false })])
    },
    async kill () {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
    }
  }
}

async function dataVolume ({ workDir, dataVolumeGibibytes }: GuestOptions): Promise<string[]> {
  if (dataVolumeGibibytes === undefined) return []
  const file = join(workDir, 'data.raw')
  await writeFile(file, '')
  await truncate(file, dataVolumeGibibytes * 2 ** 30)
  return ['-drive', `file=${file},format=raw,if=none,id=data`, '-device', 'nvme,serial=vol1,drive=data']
}

function network ({ port, metadataPort }: GuestOptions): string[] {
  const pipe = `${process.execPath} ${join(import.meta.dirname, 'doubles/pipe.mjs')} ${metadataPort}`
  const user = [
    'user,id=net', 'net=169.254.169.0/24', `host=${hostAddress}`, `dhcpstart=${guestAddress}`,
    `hostfwd=tcp:127.0.0.1:${port}-${guestAddress}:3000`, `guestfwd=tcp:${metadataAddress}:80-cmd:${pipe}`
  ]
  return ['-netdev', user.join(','), '-device', 'virtio-net-pci,netdev=net']
}

/** The monitor's protocol: a greeting, then commands that are each answered by a line. */
function commandMonitor (path: string, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let answers = 0
    socket.once('error', reject)
    socket.write(`${JSON.stringify({ execute: 'qmp_capabilities' })}\n${JSON.stringify({ execute: command })}\n`)
    socket.on('data', (chunk: Buffer) => {
      answers += chunk.toString().split('"return"').length - 1
      if (answers < 2) return
      socket.end()
      resolve()
    })
  })
}
